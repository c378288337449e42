import { type CommandWords, quoted } from "./words.ts";

/** A script for bash 3.2 and later, on its own: where it completes nothing, bash completes files. */
export function bashScript(name: string, commands: readonly CommandWords[]): string {
  const paths = commands.flatMap(({ path }) => (path === "" ? [] : [quoted(before(path))]));
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ flags, values }) =>
        flags.map((flag) => `    ${quoted(`${path} ${flag}`)}) words=${quoted(values.join(" "))} ;;`),
      ),
  );
  const options = commands.map(
    ({ path, options }) =>
      `      ${quoted(path)}) words=${quoted(options.flatMap((o) => o.flags).join(" "))} ;;`,
  );
  const words = commands
    .map(({ path, commands, words }) => [path, [...commands.map((c) => c.name), ...words]] as const)
    .filter(([, found]) => found.length > 0)
    .map(([path, found]) => `      ${quoted(path)}) words=${quoted(found.join(" "))} ;;`);
  return `# ${name}'s completion for bash: source <(${name} completion bash)
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${paths.join("|")}) command="\${command:+$command }\${COMP_WORDS[i]}" ;;
    esac
  done
  if [[ $current == = ]]; then current=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case "$command $previous" in
${values.join("\n")}
    *) if [[ $current == -* ]]; then case "$command" in
${options.join("\n")}
    esac; else case "$command" in
${words.join("\n")}
    esac; fi ;;
  esac
  COMPREPLY=()
  while IFS= read -r i; do COMPREPLY+=("$i"); done < <(compgen -W "$words" -- "$current")
}
complete -o default -F _${name} ${name}
`;
}

/** What stands on the line where a command's name ends: the commands before it, a space, its own name. */
export function before(path: string): string {
  return path.includes(" ") ? path : ` ${path}`;
}
