export { jobId } from './connection';
export { type Job, type JobState } from './job';
export { cancelJobs, JobError, waitForJobs } from './wait-for-jobs';
export { Refusal, work, type WorkerEvent } from './work';
