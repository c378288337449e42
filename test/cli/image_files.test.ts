import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { drawn } from "../../src/data/loader.ts";
import { vae } from "../support/cli.ts";
import { dataFolder, first } from "../support/data.ts";
import { images } from "../support/image_folders.ts";
import { numpyLoad } from "../support/numpy.ts";

const cwd = mkdtempSync(join(tmpdir(), "tfjs-vae-images-"));
const at = (file: string) => join(cwd, file);
const run = "logs/pets/version_0";
const config = (data: string) => `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: image_folder, data_path: ${data}, label_from: folder, patch_size: 32, train_batch_size: 8, val_batch_size: 8, max_bad_share: 0.2}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, name: pets}
`;
/** A command that must end well. */
async function command(...args: string[]) {
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect([code, stderr], args.join(" ")).toEqual([0, expect.not.stringMatching(/^\s+at /m)]);
  return { stdout, stderr };
}

beforeAll(async () => {
  const names = first(24).map(
    (i) => `${i < 16 ? "train" : i < 20 ? "val" : "test"}/${i % 2 ? "dög #1" : "cat"}/${i}.png`,
  );
  const root = dataFolder({
    ...(await images(names)),
    "train/cat/broken.jpg": "no image",
    "train/cat/x.heic": "",
    "train/cat/y.bmp": "",
  });
  symlinkSync(root, at("linked"));
  writeFileSync(at("pets.yaml"), config("linked"));
  return () => rmSync(cwd, { recursive: true, force: true });
});

describe("a run on a folder of images", { timeout: 120_000 }, () => {
  it("says what it skips and leaves out, and how it split", async () => {
    const { stdout } = await command("run", "--config", "pets.yaml");
    expect(stdout).toContain("By the sub-folders train, val, test. Classes: 0 cat, 1 dög #1.");
    expect(stdout).toMatch(/note {3}1 images? skipped.*train\/cat\/broken\.jpg: /);
    expect(stdout).toContain(
      "note   2 other files left out (data_params.pattern): 1 .heic, 1 .bmp, the first: train/cat/x.heic",
    );
    const { data } = JSON.parse(readFileSync(at(`${run}/environment.json`), "utf8"));
    expect(data.notes).toEqual([expect.stringMatching(/^2 other files left out/)]);
  });

  it("labels the points of the projector by the classes' names", () => {
    const rows = readFileSync(at(`${run}/projector/labels.tsv`), "utf8")
      .trim()
      .split("\n");
    expect(rows[0]).toBe("class\timage");
    expect(rows.slice(1).map((row) => row.split("\t")[0])).toEqual(["cat", "cat", "dög #1", "dög #1"]);
  });

  it("gives the latents of a split with its files and the classes' names", async () => {
    await command("encode", run, "test", "--out", "z.npz");
    const z = numpyLoad(at("z.npz"));
    const names = z.class_names!.values as string[];
    expect([z.label_names!.values, names]).toEqual([["class"], ["cat", "dög #1"]]);
    const labels = z.labels!.values as number[];
    const files = z.files!.values as string[];
    expect(files).toEqual(
      ["20", "22"].map((i) => `test/cat/${i}.png`).concat(["21", "23"].map((i) => `test/dög #1/${i}.png`)),
    );
    expect(labels.map((label) => names[label])).toEqual(files.map((file) => file.split("/")[1]));
    await command("encode", run, "test", "--limit", "2", "--out", "two.npz");
    const two = numpyLoad(at("two.npz"));
    const chosen = two.files!.values as string[];
    expect(chosen).toHaveLength(2);
    const rowOf = (of: typeof z, n: number) => of.mean!.values.slice(4 * n, 4 * n + 4) as number[];
    chosen.forEach((file, n) => {
      const whole = rowOf(z, files.indexOf(file));
      for (const [d, value] of rowOf(two, n).entries()) expect(value, file).toBeCloseTo(whole[d]!, 4);
    });
  });

  it("finds an attribute and a label by its name", async () => {
    const one = await command("attribute", run, "--attribute", "class=dög #1", "--json", "--out", "a.png");
    const other = await command("attribute", run, "--attribute", "class=1", "--json", "--out", "b.png");
    expect(JSON.parse(one.stdout).direction).toEqual(JSON.parse(other.stdout).direction);
    expect(JSON.parse(one.stdout).having).toBe(8);
  });

  it.each([["encode"], ["reconstruct"]])(
    "%s of a folder skips what can't be read, and says so",
    async (name) => {
      const odd = dataFolder({
        ...(await images(["a b.png", "ünï.png", "x#1.png", "line\nbreak.png", "deep/er/1.PNG"])),
        "text.jpg": "<html>",
        "empty.png": "",
        "movie.mp4": "",
        "multi\nline.jpg": "no",
      });
      symlinkSync("a b.png", join(odd, "again.png"));
      symlinkSync("gone", join(odd, "gone.png"));
      const { stderr } = await command(name, run, odd, "--out", `${name}.npz`);
      expect(stderr).toMatch(/note {3}.*: 1 other file left out: 1 \.mp4: movie\.mp4\n/);
      expect(stderr).toMatch(/note {3}4 images skipped, the first: .*empty\.png: empty file\n/);
      if (name === "encode") {
        expect(numpyLoad(at(`${name}.npz`)).files!.values).toEqual(
          ["a b.png", "deep/er/1.PNG", "line\nbreak.png", "x#1.png", "ünï.png"].map((file) =>
            join(odd, file),
          ),
        );
      } else expect(numpyLoad(at(`${name}.npz`)).images!.shape).toEqual([5, 32, 32, 3]);
    },
  );

  it("takes globs, more files than a batch, and a limit of them", async () => {
    const many = dataFolder(await images(first(70).map((i) => `${String(i).padStart(2, "0")}.png`)));
    await command("encode", run, join(many, "*.PNG"), "--out", "many.npz");
    await command("encode", run, many, "--limit", "7", "--out", "seven.npz");
    const [all, seven] = [numpyLoad(at("many.npz")), numpyLoad(at("seven.npz"))];
    expect([all.mean!.shape, seven.mean!.shape]).toEqual([
      [70, 4],
      [7, 4],
    ]);
    const places = [...drawn(7, 70)]; // not every tenth: names that count views in tens would be of one view
    expect(seven.files!.values).toEqual(places.map((place) => all.files!.values[place]));
    const row = (of: typeof all, n: number) => of.mean!.values.slice(4 * n, 4 * n + 4) as number[];
    for (const [n, place] of places.entries())
      for (const [d, value] of row(seven, n).entries()) expect(value).toBeCloseTo(row(all, place)[d]!, 4);
  });

  it("has a sentence for two images of which one can't be read", async () => {
    writeFileSync(at("text.jpg"), "<html>");
    await sharp({ create: { width: 9, height: 9, channels: 3, background: "red" } }).toFile(at("good.png"));
    const { code, stderr } = await vae(["interpolate", run, "text.jpg", "good.png"], { cwd });
    expect(stderr).toMatch(/note {3}1 image skipped: text\.jpg: .*\n.*expected two images, got 1/);
    expect(code).toBe(2);
  });
});
