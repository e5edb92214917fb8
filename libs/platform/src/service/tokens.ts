/** Injection tokens of what has no class of its own; `PlatformModule` provides them everywhere. */

/** {@link Logger} of the service. */
export const LOGGER = Symbol('LOGGER');

/** prom-client `Registry` of the process. */
export const METRICS_REGISTRY = Symbol('METRICS_REGISTRY');

/** {@link Clock} of the service. */
export const CLOCK = Symbol('CLOCK');

/** The whole parsed configuration; give slices on to what needs them. */
export const SERVICE_CONFIG = Symbol('SERVICE_CONFIG');
