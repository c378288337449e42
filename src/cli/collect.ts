/** commander's way to take an option several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];
