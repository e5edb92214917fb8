/** Base URL under which browsers reach this service, without trailing slash. */
export const PUBLIC_BASE_URL = Symbol('PUBLIC_BASE_URL');

/** `signed` or `open`: who may begin to connect an account. */
export const CONNECT_LINK_POLICY = Symbol('CONNECT_LINK_POLICY');
