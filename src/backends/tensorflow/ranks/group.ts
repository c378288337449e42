import type { Place } from "../../../process/place.ts";
import { tf } from "../../../tf.ts";
import { OVER_RANKS, type RankGroup } from "../../ranks.ts";
import type { TensorFlowBackend } from "../backend.ts";
import type { Binding, OpAttr } from "../binding.ts";
import { AttrType, DType } from "../c_api.ts";
import { NativeFunction } from "../compile/function.ts";
import { Graph } from "../compile/graph.ts";
import { RankWatch } from "./watch.ts";

/** TensorFlow's op that sums over the members of a group. */
const REDUCE = "CollectiveReduceV2";
/** The one group that there is, of all ranks. */
const GROUP = 1;
/** Numbers of reductions between two steps, and of those within steps, from it on. */
const BETWEEN = 1;
const WITHIN = 1000;

/** Ranks by TensorFlow's collective ops. */
export class TensorFlowRanks implements RankGroup {
  readonly rank: number;
  readonly size: number;
  syncBatchNorm = true;
  private readonly watch: RankWatch;
  /** The number of each reduction, by its type, shape and place in its step: the same on all ranks, which ask for the same. */
  private readonly keys = new Map<string, number>();
  private place = 0;
  /** By how many numbers they exchange. */
  private readonly exchanges = new Map<number, NativeFunction>();

  constructor(
    private readonly binding: Binding,
    file: string,
    place: Place,
  ) {
    this.rank = place.rank;
    this.size = place.nodes.length;
    this.watch = new RankWatch(binding, file, place);
  }

  /** Waits until all ranks are there. @throws EngineError where they aren't in time */
  ready(): Promise<void> {
    return this.watch.ready();
  }

  set timeout(seconds: number) {
    this.watch.limit(seconds);
  }

  begin(): void {
    this.place = 0;
    this.progress();
  }

  progress(): void {
    this.watch.progress();
  }

  /** The number of the next reduction of the step under way. */
  nextKey(dtype: string, shape: readonly number[]): number {
    const what = `${dtype} [${shape}] ${this.place++}`;
    let key = this.keys.get(what);
    if (key === undefined) {
      key = WITHIN + this.keys.size;
      this.keys.set(what, key);
    }
    return key;
  }

  /** What `REDUCE` takes. Rings, so that the order of additions is fixed; on GPUs NCCL where it is there. */
  attributes(dtype: number, mean: boolean): OpAttr[] {
    return [
      { name: "T", type: AttrType.TYPE, value: dtype },
      { name: "merge_op", type: AttrType.STRING, value: "Add" },
      { name: "final_op", type: AttrType.STRING, value: mean ? "Div" : "Id" },
      {
        name: "communication_hint",
        type: AttrType.STRING,
        value: this.binding.isUsingGpuDevice() ? "auto" : "ring",
      },
      { name: "timeout_seconds", type: AttrType.FLOAT, value: 0 }, // a thread would sleep for it each time: see RankWatch
      { name: "Nordering_token", type: AttrType.INT, value: 0 },
    ];
  }

  /** The scalars that `REDUCE` takes besides its value. */
  members(key: number): [size: number, group: number, key: number] {
    return [this.size, GROUP, key];
  }

  async fromFirst(values: Int32Array): Promise<Int32Array> {
    const given = this.rank === 0 ? values : new Int32Array(values.length);
    const input = this.binding.createTensor([given.length], DType.INT32, given);
    try {
      const [sum] = await this.exchange(given.length).run([input]);
      const found = this.binding.tensorDataSync(sum!.id) as Int32Array;
      this.binding.deleteTensor(sum!.id);
      this.progress();
      return found;
    } finally {
      this.binding.deleteTensor(input);
    }
  }

  /** A function that sums so many numbers over the ranks. */
  private exchange(count: number): NativeFunction {
    let found = this.exchanges.get(count);
    if (found === undefined) {
      const graph = new Graph(this.binding);
      const input = graph.argument(DType.INT32, [count]);
      const key = BETWEEN + this.exchanges.size;
      const scalars = this.members(key).map((n) => graph.constant([], DType.INT32, Int32Array.of(n)));
      const sum = graph.op(REDUCE, this.attributes(DType.INT32, false), [input, ...scalars]);
      found = new NativeFunction(this.binding, graph.toFunction([{ oper: sum, index: 0 }], []), 1);
      this.exchanges.set(count, found);
    }
    return found;
  }

  lost(error: unknown): Error | undefined {
    return this.watch.lost(error);
  }

  async close(): Promise<void> {
    await this.fromFirst(new Int32Array(1));
    await this.leave();
  }

  leave(): Promise<void> {
    return this.watch.stop();
  }
}

/** The kernel by which losses and steps reduce. */
export function registerReduction(ranks: TensorFlowRanks): void {
  tf.registerKernel({
    kernelName: OVER_RANKS,
    backendName: "tensorflow",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x } = inputs;
      const b = backend as TensorFlowBackend;
      const key = ranks.nextKey(x!.dtype, x!.shape);
      const scalars = ranks.members(key).map((n) => tf.scalar(n, "int32"));
      try {
        const how = ranks.attributes(
          b.getDTypeInteger(x!.dtype),
          (attrs as unknown as { mean: boolean }).mean,
        );
        return b.executeSingleOutput(REDUCE, how, [x!, ...scalars]);
      } finally {
        tf.dispose(scalars);
      }
    },
  });
}
