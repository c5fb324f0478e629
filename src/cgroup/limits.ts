/** A rate of a device, a second. */
export interface DeviceRate {
  /** Path of the device on the host. */
  readonly device: string;
  readonly kind: 'rbps' | 'wbps' | 'riops' | 'wiops';
  readonly rate: number;
}

/** What a group may use: Limits of the plan. `pids` and `memorySwap`: -1 for no limit. */
export interface Limits {
  readonly memory?: number;
  readonly memorySwap?: number;
  readonly cpus?: number;
  readonly cpuWeight?: number;
  readonly pids?: number;
  readonly ioWeight?: number;
  readonly deviceRates?: readonly DeviceRate[];
}
