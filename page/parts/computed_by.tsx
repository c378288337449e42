import type { BackendChoice } from "../../src/browser/choose_backend.ts";
import { choice, hasGpu } from "../computing.ts";
import type { Computing } from "../engine/computing.ts";

/** What computes, to choose, and what does, with a sentence on why. */
export function ComputedBy(props: { computing: Computing | undefined; disabled?: boolean }) {
  const { computing, disabled = false } = props;
  return (
    <div class="computed">
      <label>
        Computed by{" "}
        <select
          value={choice}
          disabled={disabled}
          onChange={(event) => {
            choice.value = event.currentTarget.value as BackendChoice;
          }}
        >
          <option value="auto">the faster one</option>
          <option value="wasm">WebAssembly</option>
          <option value="webgpu" disabled={hasGpu.value === false && choice.value !== "webgpu"}>
            {hasGpu.value === false ? "WebGPU: none in this browser" : "WebGPU"}
          </option>
        </select>
      </label>
      <p class="device" role="status">
        {computing?.device}
        {computing?.note !== undefined && <span class="note">{computing.note}</span>}
      </p>
    </div>
  );
}
