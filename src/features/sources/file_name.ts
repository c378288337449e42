/** What `weights` is where it names a file, which may start from the config's folder; upper and lower case alike. */
export const FILE_NAME = "^(?!(random|torchvision|caffe)$|https?:|hf:)";
export const namesFile = (weights: string): boolean => new RegExp(FILE_NAME, "i").test(weights);
