import { after, before } from 'node:test';

/** Makes the variables of the environment what they were in `earlier`. */
export const restoreEnvironment = (earlier: Readonly<NodeJS.ProcessEnv>): void => {
  for (const name of Object.keys(process.env)) if (!(name in earlier)) delete process.env[name];
  Object.assign(process.env, earlier);
};

/** Sets variables of the environment for the tests of a file; after them all variables are what they were before. */
export const setEnvironment = (variables: Readonly<Record<string, string>>): void => {
  let earlier: NodeJS.ProcessEnv = {};
  before(() => {
    earlier = { ...process.env };
    Object.assign(process.env, variables);
  });
  after(() => restoreEnvironment(earlier));
};
