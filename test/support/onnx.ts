import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { pythonWith } from "./python_environment.ts";

const [ONNX, RUNTIME] = ["1.23.2", "1.32.0"];

/** A Python with onnx's checker and onnxruntime. */
const onnxPython = (): string =>
  pythonWith(
    `onnxruntime-${RUNTIME}`,
    [`onnx==${ONNX}`, `onnxruntime==${RUNTIME}`],
    (python) => spawnSync(python, ["-c", "import onnx, onnxruntime"]).status === 0,
  );

const SCRIPT = `
import json, sys, numpy, onnx, onnxruntime
onnxruntime.set_default_logger_severity(3)
def tensor(t): return numpy.array(t["data"], numpy.float32).reshape(t["shape"])
def run(file, feed):
    onnx.checker.check_model(onnx.load(file), full_check=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, {k: feed[k] for k in names})))
def plain(found): return {k: {"shape": list(v.shape), "data": v.ravel().tolist()} for k, v in found.items()}
made = []
for task in json.load(open(sys.argv[1])):
    feed = {k: tensor(v) for k, v in task["feed"].items()}
    encoded = run(task["encoder"], feed)
    decoded = run(task["decoder"], {**feed, **encoded})
    opset = onnx.load(task["encoder"]).opset_import[0].version
    made.append({"encoded": plain(encoded), "decoded": plain(decoded), "opset": opset})
json.dump(made, sys.stdout)
`;

export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface OnnxTask {
  readonly files: { readonly "encoder.onnx": Uint8Array; readonly "decoder.onnx": Uint8Array };
  /** Inputs of the encoder by name; the decoder gets them too, with what the encoder gives. */
  readonly feed: Readonly<Record<string, OnnxTensor>>;
}

export interface OnnxResult {
  readonly encoded: Readonly<Record<string, OnnxTensor>>;
  readonly decoded: Readonly<Record<string, OnnxTensor>>;
  readonly opset: number;
}

/** What the real onnxruntime makes of each encoder and then the decoder, all files checked by onnx's own checker. */
export function runOnnx(tasks: readonly OnnxTask[]): OnnxResult[] {
  const folder = mkdtempSync(join(tmpdir(), "tfjs-vae-onnx-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const listed = tasks.map(({ files, feed }, i) => {
    const [encoder, decoder] = ["encoder", "decoder"].map((name) => join(folder, `${i}_${name}.onnx`));
    writeFileSync(encoder!, files["encoder.onnx"]);
    writeFileSync(decoder!, files["decoder.onnx"]);
    return { encoder, decoder, feed };
  });
  const list = join(folder, "tasks.json");
  writeFileSync(list, JSON.stringify(listed));
  const out = execFileSync(onnxPython(), ["-c", SCRIPT, list], { encoding: "utf8", maxBuffer: 1 << 28 });
  return JSON.parse(out) as OnnxResult[];
}
