import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { choice } from "../computing.ts";
import { Explorer } from "../explore/explorer.tsx";
import { ComputedBy } from "../parts/computed_by.tsx";
import { Strip } from "../parts/strip.tsx";
import { LossCurve } from "./loss_curve.tsx";
import { Training } from "./training.ts";

const SCENES = 2000;
const SIDES = [32, 64] as const;
/** Variants that train on images alone, without a frozen network to get. */
const VARIANTS = ["VanillaVAE", "BetaVAE", "WAE_MMD", "InfoVAE", "DIPVAE", "MSSIMVAE", "LogCoshVAE", "VQVAE"];

/** Trains a VAE in the page, on rendered scenes or on the visitor's images, which stay in it. */
export function TrainPage() {
  const training = useMemo(() => new Training(), []);
  const explored = useSignal<(() => Promise<Uint8Array>) | undefined>(undefined);
  const side = useSignal<(typeof SIDES)[number]>(32);
  const name = useSignal("VanillaVAE");
  const latents = useSignal(16);
  const rate = useSignal(0.003);
  const steps = useSignal(1000);
  const own = useSignal<readonly File[] | undefined>(undefined);
  useEffect(() => () => training.close(), [training]);
  useEffect(() => {
    void (own.value === undefined
      ? training.render(SCENES, side.value)
      : training.give(own.value, side.value));
  }, [training, side.value, own.value]);
  const { state, progress } = training;
  const isTraining = state.value === "training";
  const start = () => {
    explored.value = undefined;
    const settings = {
      name: name.value,
      latent_dim: latents.value,
      LR: rate.value,
      batchSize: 32,
      steps: steps.value,
    };
    void training.train(settings, choice.value);
  };
  return (
    <section class="page train">
      <h1>Train a VAE here</h1>
      <p class="hint">
        All on this machine: the images stay in this page, and the page computes. {training.images} images of{" "}
        {side} × {side} pixels{own.value === undefined ? ", rendered scenes" : " of yours"}.
      </p>
      <div class="bar">
        <label>
          Variant{" "}
          <select
            value={name}
            disabled={isTraining}
            onChange={(event) => {
              name.value = event.currentTarget.value;
            }}
          >
            {VARIANTS.map((variant) => (
              <option key={variant}>{variant}</option>
            ))}
          </select>
        </label>
        <label>
          Side{" "}
          <select
            value={side}
            disabled={isTraining}
            onChange={(event) => {
              side.value = Number(event.currentTarget.value) as (typeof SIDES)[number];
            }}
          >
            {SIDES.map((pixels) => (
              <option key={pixels} value={pixels}>
                {pixels} pixels
              </option>
            ))}
          </select>
        </label>
        <Field label="Numbers of z" signal={latents} min={1} max={128} step={1} disabled={isTraining} />
        <Field label="Rate" signal={rate} min={0.0001} max={0.1} step={0.0001} disabled={isTraining} />
        <Field label="Steps" signal={steps} min={1} max={100000} step={1} disabled={isTraining} />
        <label class="button">
          <input
            type="file"
            accept="image/*"
            multiple
            class="unseen"
            disabled={isTraining}
            onChange={(event) => {
              own.value = [...(event.currentTarget.files ?? [])];
            }}
          />
          Images of your own…
        </label>
        {isTraining ? (
          <button type="button" onClick={({ detail }) => detail < 2 && training.stop()}>
            Stop
          </button>
        ) : (
          <button type="button" class="main" disabled={state.value === "busy"} onClick={start}>
            Train
          </button>
        )}
        {state.value === "trained" && (
          <button
            type="button"
            onClick={() => {
              explored.value = () => training.pack(name.value);
            }}
          >
            Explore it
          </button>
        )}
      </div>
      <ComputedBy computing={training.computing.value} disabled={isTraining} />
      {training.problem.value !== undefined && (
        <p class="problem" role="alert">
          {training.problem}
        </p>
      )}
      {progress.value !== undefined && (
        <p class="standing" role="status">
          <span>
            step <b>{progress.value.step}</b> of {steps}
          </span>
          <span>{progress.value.imagesPerSecond.toFixed(0)} images/s</span>
          {Object.entries(progress.value.terms).map(([term, value]) => (
            <span key={term}>
              {term} <b>{Number(value.toPrecision(4))}</b>
            </span>
          ))}
        </p>
      )}
      <LossCurve totals={training.totals} />
      <Strip title="Images" pixels={training.shown.value} />
      <Strip title="Reconstructions" pixels={training.reconstructions.value} />
      <Strip title="Samples" pixels={training.samples.value} />
      {explored.value !== undefined && <Explorer load={explored.value} />}
    </section>
  );
}

function Field(props: {
  label: string;
  signal: { value: number };
  min: number;
  max: number;
  step: number;
  disabled: boolean;
}) {
  const { label, signal, ...limits } = props;
  return (
    <label>
      {label}{" "}
      <input
        type="number"
        {...limits}
        value={signal.value}
        onChange={(event) => {
          const { valueAsNumber } = event.currentTarget;
          if (valueAsNumber >= limits.min && valueAsNumber <= limits.max) signal.value = valueAsNumber;
          else event.currentTarget.valueAsNumber = signal.value;
        }}
      />
    </label>
  );
}
