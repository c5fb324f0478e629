/*
 * A sandbox's control group. The kernel hands controllers only to groups that hold no processes themselves ("no internal
 * processes", cgroups(7)), so monitors and payloads are in leaves of their own:
 *
 *   sandbox-HEX.scope/             made by the user manager
 *     monitor                      the monitor, and those of who joined
 *     payload                      every process of the sandbox; limits, memory.oom.group
 *
 *   OWN/                           a group that was delegated to us, in a container without systemd
 *     sandbox-others               what was in OWN before, and the monitors
 *     sandbox-PID                  as payload; PID is the monitor's
 */

export const MONITOR = 'monitor';
export const PAYLOAD = 'payload';
export const OTHERS = 'sandbox-others';

/** The scope's group, and that of a payload besides `sandbox-others`. */
export const SCOPE = /\/(sandbox-[0-9a-f]+\.scope)$/;
export const OWN_PAYLOAD = /^sandbox-(\d+)$/;
