/** Services that a process without a terminal is to attend to. */
export interface BackgroundWishes {
  readonly directory: string;
  readonly names: readonly string[];
  readonly frozen: boolean | undefined;
  readonly keepGoing: boolean;
}

/** What `__up` is told, as JSON. */
export type UpTask =
  | ({ readonly kind: 'attend' } & BackgroundWishes)
  /** To ask for a URL until it gives a status below 400: in the network of services. */
  | { readonly kind: 'ask'; readonly url: string };
