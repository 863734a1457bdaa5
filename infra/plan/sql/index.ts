export { checkJob, type JobStatement, type JobText, type Relation } from "./check-job";
