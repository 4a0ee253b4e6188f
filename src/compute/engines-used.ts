/* Which engines have computed in this process, so that a result can say what made it. */
const used = new Set<string>();

/** To be called by who chooses an engine: 'onnx', 'xla on NVIDIA H200'. */
export const noteEngine = (name: string): void => {
  used.add(name);
};

/** Engines that were used in this process so far, in the order of their first use. */
export const enginesUsed = (): readonly string[] => [...used];
