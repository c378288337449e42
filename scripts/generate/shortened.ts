/** A heading of TypeDoc's Markdown and what stands below it, down to the next heading. */
interface Section {
  readonly level: number;
  readonly title: string;
  readonly text: string;
}

/** What says again what the signature or the interface says. */
const AGAIN =
  /^(Returns|Implements|Implementation of|Inherited from|Overrides|Extends|Extended by|Type Parameters)$/;
/** Headings that say nothing of their own. */
const PLAIN =
  /^(Parameters|Properties|Methods|Accessors|Constructors|Constructor|Get Signature|Type Declaration)$/;
/** A member that has these is described where it comes from. */
const ELSEWHERE = /^(Implementation of|Inherited from)$/;

/** TypeDoc's Markdown without what it says twice, for a page that one can read. */
export function shortened(markdown: string): string {
  const sections = sectionsOf(markdown);
  const left = sections.filter(({ title }, i) => !AGAIN.test(title) && !isElsewhere(sections, i));
  return left
    .map(({ level, title, text }) => {
      const body = withoutBareTables(text).trim();
      if (title === "" || PLAIN.test(title)) return body;
      if (title === "Throws") return `Throws ${body}`;
      return `${"#".repeat(Math.min(level + 1, 5))} ${title.replaceAll("\\", "")}\n\n${body}`.trim();
    })
    .filter((text) => text !== "")
    .join("\n\n");
}

/** By the lines that begin with #, but not those of code. */
function sectionsOf(markdown: string): Section[] {
  const sections: { level: number; title: string; lines: string[] }[] = [{ level: 0, title: "", lines: [] }];
  let inCode = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) inCode = !inCode;
    const [, marks, title] = (!inCode && /^(#+) (.*)$/.exec(line)) || [];
    if (marks !== undefined) sections.push({ level: marks.length, title: title!, lines: [] });
    else if (line !== "***") sections.at(-1)!.lines.push(line.replaceAll(/<a id="[^"]*"><\/a> /g, ""));
  }
  return sections.map(({ lines, ...section }) => ({ ...section, text: lines.join("\n") }));
}

/** Whether the member that section `i` belongs to says that it comes from elsewhere. */
function isElsewhere(sections: readonly Section[], i: number): boolean {
  const MEMBER = 5;
  let from = i;
  while (from > 0 && sections[from]!.level > MEMBER) from--;
  if (sections[from]!.level !== MEMBER) return false;
  for (let at = from + 1; at < sections.length && sections[at]!.level > MEMBER; at++)
    if (ELSEWHERE.test(sections[at]!.title)) return true;
  return false;
}

/** Without tables of parameters that describe none: their types stand in the signature. */
const withoutBareTables = (text: string): string =>
  text.replaceAll(/^\| Parameter \| Type \|\n(?:\|.*\n?)*/gm, "");
