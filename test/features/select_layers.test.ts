import { describe, expect, it } from "vitest";
import { ConfigError, ShapeError } from "../../src/errors.ts";
import { layerShapes } from "../../src/features/layer_table.ts";
import { getNetwork, networkNames } from "../../src/features/registry.ts";
import { checkImageSize, selectLayers } from "../../src/features/select_layers.ts";

const resolve = (network: string, layers: (string | number)[]) => {
  const table = getNetwork(network);
  return selectLayers(table, layers).map((s) => `${s.name}=${table.layers[s.at]!.name}`);
};

describe("the tables", () => {
  // torchvision's numbers, from len(models.NAME().features) and the index of the last convolution.
  it.each([
    ["vgg11", 21, 18],
    ["vgg11_bn", 29, 25],
    ["vgg13", 25, 22],
    ["vgg13_bn", 35, 31],
    ["vgg16", 31, 28],
    ["vgg16_bn", 44, 40],
    ["vgg19", 37, 34],
    ["vgg19_bn", 53, 49],
  ])("%s has torchvision's %i modules, its last convolution at %i", (name, count, last) => {
    const { layers } = getNetwork(name);
    expect(layers.length).toBe(count);
    expect(layers.findLastIndex((l) => l.kind === "conv")).toBe(last);
  });

  it("of SqueezeNet have 13 modules, the pools at 2, 6, 11 (1.0) and 2, 5, 8 (1.1)", () => {
    const pools = (name: string) =>
      getNetwork(name).layers.flatMap((l, i) => (l.kind === "max_pool" ? [i] : []));
    expect(getNetwork("squeezenet1_0").layers.length).toBe(13);
    expect(getNetwork("squeezenet1_1").layers.length).toBe(13);
    expect(pools("squeezenet1_0")).toEqual([2, 6, 11]);
    expect(pools("squeezenet1_1")).toEqual([2, 5, 8]);
  });

  it.each(networkNames())("%s has unique names and default layers that exist", (name) => {
    const table = getNetwork(name);
    expect(new Set(table.layers.map((l) => l.name)).size).toBe(table.layers.length);
    expect(selectLayers(table, table.defaultLayers).length).toBeGreaterThan(0);
  });

  it("round the size of a hanging pool window up, as PyTorch's ceil_mode does", () => {
    // torchvision.models.squeezenet1_0().features at 224: 109, 54, 27, 13
    const { layers } = getNetwork("squeezenet1_0");
    const sizes = layerShapes(layers, 224, 224).map(([h]) => h);
    expect([sizes[0], sizes[2], sizes[6], sizes[11]]).toEqual([109, 54, 27, 13]);
  });
});

describe("a layer's meaning", () => {
  it("by index is what torchvision's in-place ReLUs leave there", () => {
    expect(resolve("vgg19_bn", ["14", 24, 34, "43"])).toEqual([
      "14=conv3_1",
      "24=relu3_4",
      "34=relu4_3",
      "43=conv5_2",
    ]);
    expect(resolve("vgg19", [0, 4])).toEqual(["0=relu1_1", "4=pool1"]);
    expect(resolve("squeezenet1_0", [0, 3])).toEqual(["0=relu1", "3=fire2"]);
  });

  it("by name is that layer's own output", () => {
    expect(resolve("vgg19_bn", ["bn3_4", "conv3_1"])).toEqual(["conv3_1=conv3_1", "bn3_4=bn3_4"]);
    expect(resolve("vgg19", ["conv1_1", "relu1_1"])).toEqual(["conv1_1=conv1_1", "relu1_1=relu1_1"]);
  });

  it("comes in the network's order, whatever the order asked", () => {
    expect(resolve("vgg16", ["relu4_1", "relu1_1", 12])).toEqual([
      "relu1_1=relu1_1",
      "12=relu3_2",
      "relu4_1=relu4_1",
    ]);
  });
});

describe("a layer that is wrong", () => {
  it("is refused with the names and indices there are, and the nearest", () => {
    const refused = (layer: string | number) => () =>
      selectLayers(getNetwork("vgg19_bn"), ["relu1_1", layer]);
    expect(refused("relu6_1")).toThrow(ConfigError);
    expect(refused("relu6_1")).toThrow(
      "model_params.feature_layers[1]: expected a layer of vgg19_bn, conv1_1 … conv5_4, bn1_1 … bn5_4, " +
        'relu1_1 … relu5_4, pool1 … pool5, or a torchvision index 0 … 52, got "relu6_1". Did you mean "relu',
    );
    expect(refused("53")).toThrow(/index 0 … 52, got "53"/);
    expect(refused(53)).toThrow(/got 53/);
    expect(refused("-1")).toThrow(ConfigError);
    expect(refused("Relu3_1")).toThrow(/Did you mean "relu3_1"\?/);
    expect(refused("constructor")).toThrow(ConfigError);
  });

  it("is refused where it is asked for twice, under two names too", () => {
    const twice =
      (...layers: (string | number)[]) =>
      () =>
        selectLayers(getNetwork("vgg19_bn"), layers);
    expect(twice("14", 14)).toThrow(/"14" is the same layer of vgg19_bn as "14"/);
    expect(twice("relu3_4", "24")).toThrow(/"24" is the same layer of vgg19_bn as "relu3_4"/);
    expect(twice()).toThrow(/at least one layer/);
  });

  it("of an unknown network is refused with the networks there are", () => {
    expect(() => getNetwork("vgg19bn")).toThrow(
      /expected one of tiny_vgg, vgg11, .*Did you mean "vgg19_bn"\?/,
    );
  });
});

describe("images too small for the layers", () => {
  const check = (network: string, layer: string, size: number) => () => {
    const table = getNetwork(network);
    checkImageSize(table, selectLayers(table, [layer]), [size, size]);
  };

  it("are refused with the smallest size and the deepest layer that fit", () => {
    expect(check("vgg19", "pool5", 28)).toThrow(ShapeError);
    expect(check("vgg19", "pool5", 28)).toThrow(
      /"pool5" of vgg19 needs images of at least 32x32, got 28x28; .*layers up to relu5_4, the deepest/,
    );
    expect(check("squeezenet1_0", "fire9", 16)).toThrow(/at least 21x21, got 16x16/);
    expect(check("squeezenet1_0", "relu1", 6)).toThrow(
      /at least 7x7, got 6x6; use larger images \(data_params\.patch_size\)$/,
    );
  });

  it("are accepted from that size on", () => {
    expect(check("vgg19", "pool5", 32)).not.toThrow();
    expect(check("vgg19", "relu5_4", 28)).not.toThrow();
    expect(check("squeezenet1_0", "fire9", 21)).not.toThrow();
  });
});
