/** What is going on, on stderr: stdout belongs to the script that runs afterwards. */

/** What is under way, with its start (epoch ms), for the live line of a terminal. */
const underWay = new Map();
let ticker;

/** Runs `work` under a heading and says how long it took. Why it failed is left to whoever reports it. */
export async function step(what, work) {
  const started = Date.now();
  underWay.set(what, started);
  if (process.stderr.isTTY) ticker ??= setInterval(showLive, 1000);
  else say(`${what} …`);
  try {
    const result = await work();
    say(`${what}: done in ${seconds(started)}`);
    return result;
  } catch (error) {
    say(`${what}: failed after ${seconds(started)}`);
    throw error;
  } finally {
    underWay.delete(what);
    if (underWay.size === 0) {
      clearInterval(ticker);
      ticker = undefined;
    }
  }
}

/** One line that stays. */
export function say(line) {
  process.stderr.write(`${process.stderr.isTTY ? "\r\x1b[K" : ""}millrace: ${line}\n`);
}

function showLive() {
  const parts = [...underWay].map(([what, started]) => `${what} ${seconds(started)}`);
  const width = (process.stderr.columns ?? 80) - 1;
  process.stderr.write(`\r\x1b[K${parts.join(" · ").slice(0, width)}`);
}

function seconds(since) {
  const elapsed = (Date.now() - since) / 1000;
  return elapsed < 10 ? `${elapsed.toFixed(1)} s` : `${Math.round(elapsed)} s`;
}
