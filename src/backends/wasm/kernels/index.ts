// The binary's kernels. Each takes the range of its work, [from, to), as its last two arguments.
export { adam } from "./adam";
export { batchNormInputGrad, batchNormSums, chunkMoments, foldMoments, normalize } from "./batch_norm";
export { binary, binaryRows, greater, leakyReluGrad, select, toFloat } from "./binary";
export { conv, packTransposed } from "./conv";
export { copyRows, fill } from "./copy";
export { filterGrad } from "./filter_grad";
export { matMul, packPanels } from "./gemm";
export { narrowConv } from "./narrow_conv";
export { pool, poolGrad } from "./pool";
export { addTo, foldColumns, maxColumns, maxRows, sumChunks, sumColumns, sumRows } from "./reduce";
export { argMinRows, gatherRows, segmentSum } from "./rows";
export { stridedConv, stridedConvBack } from "./strided";
export {
  stridedFilterParts, stridedFilterProducts, stridedFilterTaps, stridedFilterTiles,
} from "./strided_filter_grad";
export { setThread } from "./thread";
export { unary } from "./unary";
export { winograd, winogradFilter } from "./winograd";
