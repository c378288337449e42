/** A browser loads no plugin's files: every definition is the program's own. */
export const definitionError = (definition: { readonly name: string }, what: string): Error =>
  new Error(`${definition.name}, ${what}`);
