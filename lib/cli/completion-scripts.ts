import type { Command, Option } from 'commander';

/** Lines of a shell's script that completes the command line of `root`: a script per shell. */
export const COMPLETION_SCRIPTS = { bash, zsh, fish } as const;

/** Who asks for the names of pairs, with the configuration that the command line names. */
const ASK_PAIRS = 'chef-sync-ctl completion pairs';

const optionsOf = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command);
const longNames = (command: Command): readonly string[] => optionsOf(command).flatMap(({ long }) => long ?? []);
const takesPairs = (command: Command): boolean =>
  command.registeredArguments.some((argument) => argument.name() === 'pair' || argument.name() === 'pairs');
const takesFile = ({ flags }: Option): boolean => /[<[](file|folder)[>\]]/.test(flags);

/** What a command may be called. */
const namesOf = (command: Command): readonly string[] => [command.name(), ...command.aliases()];

/** Words of which one stands as an argument, apart from pairs. */
const wordsOf = (command: Command): readonly string[] =>
  command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);

function bash(root: Command): readonly string[] {
  const names = root.commands.flatMap(namesOf);
  const choices = new Map(
    root.commands
      .flatMap(optionsOf)
      .flatMap(({ long, argChoices }) => (long && argChoices ? [[long, argChoices]] : [])),
  );
  const files = new Set(
    root.commands.flatMap(optionsOf).flatMap((option) => (takesFile(option) ? (option.long ?? []) : [])),
  );
  return [
    '# chef-sync-ctl completion bash',
    '_chef_sync_ctl() {',
    `  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} options= words= index`,
    '  local -a home=()',
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    COMPREPLY=($(compgen -W '${[...names, '--help', '--version'].join(' ')}' -- "$current"))`,
    '    return',
    '  fi',
    '  case $previous in',
    `    ${[...files].join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;`,
    ...[...choices].map(
      ([long, words]) => `    ${long}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current")); return ;;`,
    ),
    '  esac',
    '  for ((index = 2; index < COMP_CWORD; index++)); do',
    `    [[ \${COMP_WORDS[index]} == --config ]] && home=(--config "\${COMP_WORDS[index+1]}")`,
    '  done',
    `  case \${COMP_WORDS[1]} in`,
    ...root.commands.map((command) => {
      const pairs = takesPairs(command)
        ? ` words=$(${ASK_PAIRS} "\${home[@]}" 2>/dev/null)`
        : ` words='${wordsOf(command).join(' ')}'`;
      return `    ${namesOf(command).join('|')}) options='${longNames(command).join(' ')}'; [[ $current == -* ]] ||${pairs} ;;`;
    }),
    '  esac',
    '  if [[ $current == -* ]]; then words=$options; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _chef_sync_ctl chef-sync-ctl',
  ];
}

function zsh(root: Command): readonly string[] {
  const option = (one: Option): string => {
    const value = one.argChoices
      ? `:value:(${one.argChoices.join(' ')})`
      : takesFile(one)
        ? ':file:_files'
        : one.required
          ? ':value:'
          : '';
    return `'${one.long}[${zshText(one.description)}]${value}'`;
  };
  return [
    '#compdef chef-sync-ctl',
    '_chef_sync_ctl_pairs() {',
    '  local -a home pairs',
    `  (( \${words[(I)--config]} )) && home=(--config "\${words[\${words[(I)--config]}+1]}")`,
    `  pairs=(\${(f)"$(${ASK_PAIRS} $home 2>/dev/null)"})`,
    '  compadd -a pairs',
    '}',
    '_chef_sync_ctl() {',
    '  local -a commands',
    '  if (( CURRENT == 2 )); then',
    '    commands=(',
    ...root.commands.flatMap((command) =>
      namesOf(command).map((name) => `      '${name}:${zshText(command.summary())}'`),
    ),
    '    )',
    "    _describe -t commands 'command' commands",
    '    return',
    '  fi',
    '  shift words; (( CURRENT-- ))',
    '  case $words[1] in',
    ...root.commands.map((command) => {
      const words = wordsOf(command);
      const rest = takesPairs(command)
        ? " '*:pair:_chef_sync_ctl_pairs'"
        : words.length > 0
          ? ` '1:word:(${words.join(' ')})'`
          : '';
      return `    ${namesOf(command).join('|')}) _arguments ${optionsOf(command).map(option).join(' ')}${rest} ;;`;
    }),
    '  esac',
    '}',
    'if [ "$funcstack[1]" = "_chef-sync-ctl" ]; then _chef_sync_ctl "$@"; else compdef _chef_sync_ctl chef-sync-ctl; fi',
  ];
}

const zshText = (text: string): string => text.replace(/[[\]:\\]/g, ' ').replaceAll("'", "'\\''");

function fish(root: Command): readonly string[] {
  const start = 'complete -c chef-sync-ctl';
  return [
    '# chef-sync-ctl completion fish',
    'function __chef_sync_ctl_pairs',
    '  set -l words (commandline -opc)',
    '  set -l index (contains -i -- --config $words)',
    `  ${ASK_PAIRS} (test -n "$index"; and printf '%s\\n' --config $words[(math $index + 1)]) 2>/dev/null`,
    'end',
    `${start} -f`,
    ...root.commands.map(
      (command) =>
        `${start} -n __fish_use_subcommand -a '${namesOf(command).join(' ')}' -d '${fishText(command.summary())}'`,
    ),
    ...root.commands.flatMap((command) => {
      const here = `${start} -n '__fish_seen_subcommand_from ${namesOf(command).join(' ')}'`;
      const words = wordsOf(command).join(' ');
      return [
        ...optionsOf(command).map((one) => {
          const value = one.argChoices
            ? ` -x -a '${one.argChoices.join(' ')}'`
            : takesFile(one)
              ? ' -r -F'
              : one.required
                ? ' -x'
                : '';
          return `${here} -l ${one.long?.slice(2)}${value} -d '${fishText(one.description)}'`;
        }),
        ...(takesPairs(command)
          ? [`${here} -a '(__chef_sync_ctl_pairs)'`]
          : words === ''
            ? []
            : [`${here} -a '${words}'`]),
      ];
    }),
  ];
}

const fishText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
