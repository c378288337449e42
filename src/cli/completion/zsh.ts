import { before } from "./bash.ts";
import { type CommandWords, quoted } from "./words.ts";

/** A script for zsh, to be sourced after compinit or put into a folder of $fpath as _NAME. */
export function zshScript(name: string, commands: readonly CommandWords[]): string {
  const item = (word: string, description: string) =>
    quoted(`${word.replaceAll(":", "\\:")}:${description.replaceAll(":", "\\:")}`);
  const paths = commands.flatMap(({ path }) => (path === "" ? [] : [quoted(before(path))]));
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ flags, values }) =>
        flags.map((flag) => {
          const add = values.length > 0 ? `compadd -- ${values.map(quoted).join(" ")}` : "_files";
          return `    (${quoted(`${path} ${flag}`)}) ${add}; return ;;`;
        }),
      ),
  );
  const options = commands.map(({ path, options }) => {
    const items = options.flatMap(({ flags, description }) => flags.map((flag) => item(flag, description)));
    return `      (${quoted(path)}) found=(${items.join(" ")}) ;;`;
  });
  const words = commands
    .filter(({ commands, words }) => commands.length + words.length > 0)
    .map(({ path, commands, words }) => {
      const items = [...commands.map((c) => item(c.name, c.description)), ...words.map((w) => item(w, ""))];
      return `      (${quoted(path)}) found=(${items.join(" ")}) ;;`;
    });
  return `#compdef ${name}
# ${name}'s completion for zsh: source <(${name} completion zsh)
_${name}() {
  local command= word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$command $word" in
      (${paths.join("|")}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command \${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  if [[ $PREFIX == -* ]]; then
    case "$command" in
${options.join("\n")}
    esac
    _describe -o option found
  else
    case "$command" in
${words.join("\n")}
    esac
    { (( $#found )) && _describe word found } || _files
  fi
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}
