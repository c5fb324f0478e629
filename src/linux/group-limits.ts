/** A rate of a device: `--device-read-bps` and its like. */
export interface DeviceRate {
  /** Path of the device on the host. */
  readonly device: string;
  readonly kind: 'rbps' | 'wbps' | 'riops' | 'wiops';
  /** A second. */
  readonly rate: number;
}

/** What a control group may use; what is undefined is not limited. cgroup v2: Documentation/admin-guide/cgroup-v2.rst. */
export interface GroupLimits {
  /** Bytes. */
  readonly memory?: number;
  /** Bytes of memory and swap together, as podman counts; -1: swap is not limited. */
  readonly memorySwap?: number;
  /** Processors, also fractions. */
  readonly cpus?: number;
  /** 1 to 10000. */
  readonly cpuWeight?: number;
  /** -1: no limit. */
  readonly pids?: number;
  /** 1 to 10000. */
  readonly ioWeight?: number;
  readonly deviceRates?: readonly DeviceRate[];
}
