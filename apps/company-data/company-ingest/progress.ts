import type { Progress } from "./upload";

export interface ProgressBoard {
  /** @param id chosen by the uploader; without one, nobody can ask */
  readonly follow: (id: string) => (progress: Progress) => void;
  readonly read: (id: string) => Progress | undefined;
}

const mostFollowed = 100;
const idPattern = /^[A-Za-z0-9-]{8,64}$/;

/** How far the latest uploads are, in memory. */
export function createProgress(): ProgressBoard {
  const latest = new Map<string, Progress>();
  return {
    follow: (id) => (progress) => {
      if (!idPattern.test(id)) return;
      latest.delete(id);
      latest.set(id, progress);
      const [oldest] = latest.keys();
      if (latest.size > mostFollowed && oldest !== undefined) latest.delete(oldest);
    },
    read: (id) => latest.get(id),
  };
}
