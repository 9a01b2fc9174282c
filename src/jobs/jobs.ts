/** Asynchronous work: started now, asked about later, one table of states. In memory: a job ends with its gateway. */

type JobState = 'accepted' | 'running' | 'completed' | 'failed' | 'cancelled';

/** Every state and where it may lead; a state that leads nowhere is an end. */
const TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  accepted: ['running', 'cancelled'],
  running: ['completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
};

export interface JobReport<Result> {
  readonly id: string;
  /** The client that started it; nobody else is told of it. */
  readonly client: string;
  readonly state: JobState;
  /** 0 to 100. */
  readonly percent: number;
  readonly result?: Result;
  /** Why it failed. */
  readonly problem?: string;
}

/** What a job's work sees of its job. */
export interface JobControl {
  readonly id: string;
  progress(percent: number): void;
  isCancelled(): boolean;
}

export interface Jobs<Result> {
  /** Starts work, unless one is under way: then undefined. */
  start(client: string, work: (control: JobControl) => Promise<Result>): JobReport<Result> | undefined;
  find(id: string, client: string): JobReport<Result> | undefined;
  /** Asks a job to end; it does so at its next step. False if it isn't there or has ended. */
  cancel(id: string, client: string): boolean;
  /** Cancels what is under way and waits for it to end. */
  close(): Promise<void>;
}

interface JobsOptions {
  readonly newId: () => string;
  /** Ended jobs that are remembered. */
  readonly remember: number;
  readonly log: (message: string, error: unknown) => void;
}

interface Job<Result> {
  report: JobReport<Result>;
  ended: Promise<void>;
}

const isEnd = (state: JobState) => TRANSITIONS[state].length === 0;

/** Jobs of one kind, of which one at a time is under way. */
export function createJobs<Result>({ newId, remember, log }: JobsOptions): Jobs<Result> {
  const jobs = new Map<string, Job<Result>>();

  function move(job: Job<Result>, state: JobState, more: Partial<JobReport<Result>> = {}): void {
    if (!TRANSITIONS[job.report.state].includes(state)) return;
    job.report = { ...job.report, ...more, state };
  }

  async function run(job: Job<Result>, work: (control: JobControl) => Promise<Result>): Promise<void> {
    const control: JobControl = {
      id: job.report.id,
      progress: (percent) => {
        job.report = { ...job.report, percent };
      },
      isCancelled: () => job.report.state === 'cancelled',
    };
    move(job, 'running');
    try {
      move(job, 'completed', { result: await work(control), percent: 100 });
    } catch (error) {
      log('a job failed', error);
      move(job, 'failed', { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  function forget(): void {
    const ended = [...jobs.values()].filter(({ report }) => isEnd(report.state));
    for (const { report } of ended.slice(0, Math.max(0, ended.length - remember))) jobs.delete(report.id);
  }

  const mine = (id: string, client: string) => {
    const job = jobs.get(id);
    return job?.report.client === client ? job : undefined;
  };

  return {
    start(client, work) {
      forget();
      if ([...jobs.values()].some(({ report }) => !isEnd(report.state))) return undefined;
      const job: Job<Result> = { report: { id: newId(), client, state: 'accepted', percent: 0 }, ended: Promise.resolve() };
      jobs.set(job.report.id, job);
      job.ended = run(job, work);
      return job.report;
    },
    find: (id, client) => mine(id, client)?.report,
    cancel(id, client) {
      const job = mine(id, client);
      if (!job || isEnd(job.report.state)) return false;
      move(job, 'cancelled');
      return true;
    },
    async close() {
      for (const job of jobs.values()) move(job, 'cancelled');
      await Promise.all([...jobs.values()].map(({ ended }) => ended));
    },
  };
}
