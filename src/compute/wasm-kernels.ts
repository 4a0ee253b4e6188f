export const registerWasmKernels = (): void => {};
