/** Injection tokens of what has no class of its own. */

/** {@link AuditPorts} of the pipeline. */
export const AUDIT_PORTS = Symbol('AUDIT_PORTS');

/** The open `Database`. */
export const DATABASE = Symbol('DATABASE');
