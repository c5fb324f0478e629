/** What a sandbox may use of the machine, named as podman-run(1) names it. */
export const limitOptions = {} as const;
