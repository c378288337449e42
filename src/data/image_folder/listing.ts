export interface ImageFile {
  /** Relative to data_path, with forward slashes. */
  readonly path: string;
  /** Bytes; -1 where the file can't be looked at. */
  readonly size: number;
  /** Last change, in milliseconds since 1970. */
  readonly mtime: number;
  /** Who may read it: a file that was skipped is tried again after its permissions change. */
  readonly readable: number;
  /** The file itself, where a link leads to it. */
  readonly real?: string;
}

export interface Listing {
  /** The folder itself, where a link leads to it. */
  readonly root: string;
  /** In order of path. Links may lead to one file by several. */
  readonly files: readonly ImageFile[];
  /** Files that fit no pattern, hidden ones apart. */
  readonly others: readonly string[];
  /** Folders that can't be listed. */
  readonly closed: readonly string[];
  /** Links of names that fit no pattern and that lead nowhere. */
  readonly dangling: readonly string[];
  /** Links to folders that are listed already. */
  readonly again: readonly string[];
}
