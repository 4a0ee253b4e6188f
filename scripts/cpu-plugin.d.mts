/** Path of XLA's plugin for the CPU once it is fetched. */
export declare const cpuPlugin: string;

/** Fetches it where it is not there yet; @returns whether it is there now. */
export declare const fetchCpuPlugin: () => boolean;
