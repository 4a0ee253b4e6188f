import { Argument, Command, type Option } from 'commander';
import type { Terminal } from './terminal';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof SHELLS)[number];

/** What may follow a command, as the same table says from which its help is made. */
type Table = {
  /** 'cosim eval stats'. */
  path: string;
  /** Inner commands, long options, and the values of an argument that has a list of them. */
  words: string[];
  /** Options that take a value, with the values that are known; none: a file. */
  values: { flag: string; choices: readonly string[] }[];
};

const longFlags = (options: readonly Option[]): string[] => options.flatMap(({ long }) => long ?? []);

const tablesOf = (command: Command, before = ''): Table[] => {
  const path = `${before}${command.name()}`;
  const inner = command.commands;
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const values = command.options
    .filter(({ required, optional }) => required || optional)
    .flatMap(({ long, argChoices = [] }) => (long === undefined ? [] : [{ flag: long, choices: argChoices }]));
  const words = [...inner.map(one => one.name()), ...choices, ...longFlags(command.options), '--help'];
  return [{ path, words, values }, ...inner.flatMap(one => tablesOf(one, `${path} `))];
};

/** The body of `case "$path" in`: the words of every command. */
const wordCases = (tables: readonly Table[]): string =>
  tables.map(({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`).join('\n');

/** The body of `case "$path $before" in`: the values of every option that takes one. */
const valueCases = (tables: readonly Table[]): string =>
  tables
    .flatMap(({ path, values }) =>
      values.map(({ flag, choices }) => `    '${path} ${flag}') words='${choices.join(' ')}'; value=1 ;;`),
    )
    .join('\n');

/** `path` grows by a word where it is an inner command: options and their values change nothing. */
const bash = (
  tables: readonly Table[],
): string => `# cosim completion bash: source it, or keep it in ~/.local/share/bash-completion/completions/cosim
_cosim() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path=cosim words= value= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${tables
        .slice(1)
        .map(({ path }) => `'${path}'`)
        .join('|')}) path="$path $word" ;;
    esac
  done
  case "$path" in
${wordCases(tables)}
  esac
  case "$path $before" in
${valueCases(tables)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # an option's value that is no list, and anything that is no command and no option: a file
  if [[ \${#COMPREPLY[@]} == 0 && "$current" != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _cosim cosim
`;

const zsh = (tables: readonly Table[]): string =>
  `#compdef cosim\n# cosim completion zsh: source it after compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(tables)}`;

const fish = (tables: readonly Table[]): string => {
  const lines = tables.flatMap(({ path, words, values }) => {
    const [, ...inner] = path.split(' ');
    const next = words.filter(word => !word.startsWith('-'));
    const here = [
      ...inner.map(word => `__fish_seen_subcommand_from ${word}`),
      ...(next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(' ')}`] : []),
    ].join('; and ');
    const start = `complete -c cosim -n '${here || 'true'}'`;
    return [
      ...(next.length > 0 ? [`${start} -f -a '${next.join(' ')}'`] : []),
      ...words
        .filter(word => word.startsWith('--'))
        .map(word => {
          const value = values.find(({ flag }) => flag === word);
          const list = value && value.choices.length > 0 ? ` -x -a '${value.choices.join(' ')}'` : value ? ' -r' : '';
          return `${start} -l ${word.slice(2)}${list}`;
        }),
    ];
  });
  return `# cosim completion fish: keep it in ~/.config/fish/completions/cosim.fish\n${lines.join('\n')}\n`;
};

const SCRIPTS: Readonly<Record<Shell, (tables: readonly Table[]) => string>> = { bash, zsh, fish };

/** `cosim completion SHELL`. */
export const completionCommand = ({ out }: Terminal): Command => {
  const completion: Command = new Command('completion')
    .summary('print what makes a shell complete commands and options')
    .description('Prints a script for a shell: with it the tab key completes commands, options and their values.')
    .addArgument(new Argument('<shell>', 'for which it is').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  $ source <(cosim completion bash)\n  $ cosim completion fish > ~/.config/fish/completions/cosim.fish',
    )
    .action((shell: Shell) => {
      out(SCRIPTS[shell](tablesOf(completion.parent!)));
    });
  return completion;
};
