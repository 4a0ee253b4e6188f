/** The sizes at which notebooks run, from the smallest; what each is for stands at `Preset` in src/notebook. */
const PRESETS = ['smoke', 'tour', 'laptop', 'paper'] as const;

export type PresetName = (typeof PRESETS)[number];

const known = (name: string, value: string): PresetName => {
  const found = PRESETS.find(preset => preset === value);
  if (found === undefined) throw new Error(`${name} must be one of ${PRESETS.join(', ')}, got '${value}'.`);
  return found;
};

/**
 * The preset that was asked for, by `--preset`, by COSIM_PRESET, or by both where they agree; `usual` where by neither.
 * @throws Error when the two differ, and for a name that is none.
 */
export const choosePreset = (
  flag: string | undefined,
  usual: PresetName,
  { COSIM_PRESET = '' }: NodeJS.ProcessEnv = process.env,
): PresetName => {
  const fromFlag = flag === undefined ? undefined : known('--preset', flag);
  const fromEnvironment = COSIM_PRESET === '' ? undefined : known('COSIM_PRESET', COSIM_PRESET);
  if (fromFlag && fromEnvironment && fromFlag !== fromEnvironment)
    throw new Error(`--preset is '${fromFlag}' and COSIM_PRESET is '${fromEnvironment}': give one, or the same twice.`);
  return fromFlag ?? fromEnvironment ?? usual;
};
