/** Why a function can't be a graph of ONNX: half a sentence with the function as "it". */
export class Unexportable extends Error {}
