import protobuf from "protobufjs";
import type { OptimizedProgram } from "../../src/backends/xla/pjrt/index.ts";

/** The fields that we read of XLA's hlo.proto. */
const root = protobuf.Root.fromJSON({
  nested: {
    HloModuleProtoWithConfig: { fields: { module: { type: "HloModule", id: 1 } } },
    HloModule: {
      fields: {
        computations: { type: "Computation", id: 3, rule: "repeated" },
        aliases: { type: "Aliases", id: 8 },
      },
    },
    Computation: { fields: { instructions: { type: "Instruction", id: 2, rule: "repeated" } } },
    Instruction: { fields: { opcode: { type: "string", id: 2 }, target: { type: "string", id: 28 } } },
    Aliases: { fields: { entries: { type: "Alias", id: 1, rule: "repeated" } } },
    Alias: { fields: { parameter: { type: "int64", id: 2 } } },
  },
} as protobuf.INamespace);

interface Module {
  readonly computations: readonly {
    readonly instructions: readonly { readonly opcode: string; readonly target: string }[];
  }[];
  readonly aliases?: { readonly entries: readonly unknown[] } | null;
}

/** What a compiled program is made of. */
export interface ProgramParts {
  /** Instructions by opcode, those within fusions too. */
  readonly opcodes: Readonly<Record<string, number>>;
  /** Custom calls by target: "__cudnn$convForward", "__cublas$lt$matmul". */
  readonly customCalls: Readonly<Record<string, number>>;
  /** Parameters that results are written over. */
  readonly aliases: number;
}

export function readProgram({ format, bytes }: OptimizedProgram): ProgramParts {
  const module =
    format === "hlo"
      ? root.lookupType("HloModule").decode(bytes)
      : (root.lookupType("HloModuleProtoWithConfig").decode(bytes) as unknown as { module: unknown }).module;
  const { computations, aliases } = module as unknown as Module;
  const instructions = computations.flatMap((c) => c.instructions);
  return {
    opcodes: count(instructions.map((i) => i.opcode)),
    customCalls: count(instructions.filter((i) => i.opcode === "custom-call").map((i) => i.target)),
    aliases: aliases?.entries.length ?? 0,
  };
}

function count(names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}
