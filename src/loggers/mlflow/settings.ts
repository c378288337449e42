/** Settings of the logger, all optional. */
export interface MlflowSettings {
  readonly tracking_uri?: string;
  readonly experiment?: string;
  readonly run_name?: string;
  readonly pictures?: boolean;
}
