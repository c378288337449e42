/** Pixels of a character, without the space after it. */
const WIDTH = 5;
export const LINE_HEIGHT = 9;
/** From one character to the next. */
const ADVANCE = WIDTH + 1;

/** Characters, each line of them followed by their seven rows of pixels. */
const ART = `
0     1     2     3     4     5     6     7     8     9
.###. ..#.. .###. ####. ...#. ##### .###. ##### .###. .###.
#...# .##.. #...# ....# ..##. #.... #.... ....# #...# #...#
#..## ..#.. ....# ....# .#.#. ####. ####. ...#. #...# #...#
#.#.# ..#.. ...#. .###. #..#. ....# #...# ..#.. .###. .####
##..# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....#
#...# ..#.. .#... ....# ...#. #...# #...# ..#.. #...# ....#
.###. .###. ##### ####. ...#. .###. .###. ..#.. .###. .###.
A     B     C     D     E     F     G     H     I     J
.###. ####. .###. ####. ##### ##### .###. #...# .###. ..###
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. ...#.
#...# #...# #.... #...# #.... #.... #.... #...# ..#.. ...#.
##### ####. #.... #...# ####. ####. #.### ##### ..#.. ...#.
#...# #...# #.... #...# #.... #.... #...# #...# ..#.. ...#.
#...# #...# #...# #...# #.... #.... #...# #...# ..#.. #..#.
#...# ####. .###. ####. ##### #.... .###. #...# .###. .##..
K     L     M     N     O     P     Q     R     S     T
#...# #.... #...# #...# .###. ####. .###. ####. .#### #####
#..#. #.... ##.## ##..# #...# #...# #...# #...# #.... ..#..
#.#.. #.... #.#.# ##..# #...# #...# #...# #...# #.... ..#..
##... #.... #.#.# #.#.# #...# ####. #...# ####. .###. ..#..
#.#.. #.... #...# #..## #...# #.... #.#.# #.#.. ....# ..#..
#..#. #.... #...# #..## #...# #.... #..#. #..#. ....# ..#..
#...# ##### #...# #...# .###. #.... .##.# #...# ####. ..#..
U     V     W     X     Y     Z     .     ,     :     /
#...# #...# #...# #...# #...# ##### ..... ..... ..... ....#
#...# #...# #...# #...# #...# ....# ..... ..... ..#.. ....#
#...# #...# #...# .#.#. .#.#. ...#. ..... ..... ..... ...#.
#...# #...# #.#.# ..#.. ..#.. ..#.. ..... ..... ..... ..#..
#...# #...# #.#.# .#.#. ..#.. .#... ..... ..... ..... .#...
#...# .#.#. ##.## #...# ..#.. #.... ..... ..#.. ..#.. #....
.###. ..#.. #...# #...# ..#.. ##### ..#.. .#... ..... #....
+     -     =     _     (     )     <     >     %     ?
..... ..... ..... ..... ...#. .#... ...#. .#... ##..# .###.
..#.. ..... ..... ..... ..#.. ..#.. ..#.. ..#.. ##..# #...#
..#.. ..... ##### ..... .#... ...#. .#... ...#. ...#. ....#
##### ##### ..... ..... .#... ...#. #.... ....# ..#.. ...#.
..#.. ..... ##### ..... .#... ...#. .#... ...#. .#... ..#..
..#.. ..... ..... ..... ..#.. ..#.. ..#.. ..#.. #..## .....
..... ..... ..... ##### ...#. .#... ...#. .#... #..## ..#..
`;

/** By character: the inked pixels, as [x, y]. */
const glyphs = readArt();

function readArt(): Map<string, [x: number, y: number][]> {
  const found = new Map<string, [number, number][]>([[" ", []]]);
  const lines = ART.trim().split("\n");
  for (let top = 0; top < lines.length; top += 8) {
    const rows = lines.slice(top + 1, top + 8);
    [...lines[top]!].forEach((character, at) => {
      if (character === " ") return;
      const inked = rows.flatMap((row, y) =>
        [...row.slice(at, at + WIDTH)].flatMap((p, x): [number, number][] => (p === "#" ? [[x, y]] : [])),
      );
      found.set(character, inked);
    });
  }
  return found;
}

/** Pixels that the longest line of `text` takes. */
export function textWidth(text: string): number {
  return Math.max(0, ...text.split("\n").map((line) => line.length * ADVANCE - 1));
}

/**
 * Calls `ink` with each pixel of `text`, whose upper left corner is [0, 0]: letters as capitals, 5x7 pixels each,
 * what the font has not as a question mark; each pixel as `scale` by `scale` of them.
 */
export function drawText(text: string, ink: (x: number, y: number) => void, scale = 1): void {
  text.split("\n").forEach((line, row) => {
    [...line.toUpperCase()].forEach((character, column) => {
      for (const [x, y] of glyphs.get(character) ?? glyphs.get("?")!)
        for (let i = 0; i < scale * scale; i++)
          ink(
            (column * ADVANCE + x) * scale + (i % scale),
            (row * LINE_HEIGHT + y) * scale + Math.floor(i / scale),
          );
    });
  });
}
