import { THEMES, theme } from "../theme.ts";
import { Choice } from "./choice.tsx";

/** Light, dark, or as the system has it. */
export const ThemeChoice = () => (
  <Choice
    label="Colours"
    options={THEMES.map((name) => [name, name[0]!.toUpperCase() + name.slice(1)] as const)}
    value={theme.value}
    onChange={(value) => {
      theme.value = value;
    }}
  />
);
