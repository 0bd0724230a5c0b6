/** Every error class and code of Offhook. Callers match `code`, never the class or the message. */
import type { Finding } from './config/finding.ts';

export type ErrorCode =
  | 'E_CONFIG_INVALID'
  | 'E_CONFIG_UNREADABLE'
  | 'E_POLICY_CONFLICT'
  | 'E_POLICY_UNAVAILABLE'
  | 'E_PLUGIN_LOAD'
  | 'E_PLUGIN_INVALID'
  | 'E_PLUGIN_DUPLICATE'
  | 'E_BUS_SUBJECT'
  | 'E_BUS_PAYLOAD'
  | 'E_BUS_CLOSED'
  | 'E_BUS_TIMEOUT'
  | 'E_BUS_NO_RESPONDERS'
  | 'E_BUS_CONNECT'
  | 'E_TRANSPORT_IN_USE'
  | 'E_TRANSPORT_BIND'
  | 'E_TRANSPORT_REFUSED'
  | 'E_TRANSPORT_UNREACHABLE'
  | 'E_TRANSPORT_TIMEOUT'
  | 'E_TRANSPORT_REJECTED'
  | 'E_TRANSPORT_CLOSED'
  | 'E_TRANSPORT_UNRESOLVED'
  | 'E_SIP_LOCAL'
  | 'E_SIP_REMOTE'
  | 'E_LINE_UNKNOWN'
  | 'E_CALL_UNKNOWN'
  | 'E_COMMAND_INVALID'
  | 'E_CONTROL_UNREACHABLE'
  | 'E_STORE_FOLDER'
  | 'E_STORE_LOCKED'
  | 'E_STORE_VERSION'
  | 'E_STORE_WRITE'
  | 'E_STORE_CLOSED'
  | 'E_KV_CONFLICT'
  | 'E_KV_UNAVAILABLE'
  | 'E_CLUSTER_NAME'
  | 'E_CLUSTER_CONFIG'
  | 'E_CLUSTER_MEMBER';

/** Base of all: a stable `code`, a message that says what was seen, where, what is allowed and what to do. */
export class PhoneError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Operator's fault; thrown at boot, exit 2. */
export class ConfigError extends PhoneError {
  /** Everything that was found, where there is more than one thing. */
  readonly findings: readonly Finding[];
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; findings?: readonly Finding[] } = {}) {
    super(code, message, options);
    this.findings = options.findings ?? [];
  }
}
/** Operator's or author's fault; thrown at boot, exit 3. */
export class PluginError extends PhoneError {}
/** Mechanisms that cannot rule one line together. */
export class PolicyConflictError extends ConfigError {
  constructor(message: string, options?: { cause?: unknown; findings?: readonly Finding[] }) {
    super('E_POLICY_CONFLICT', message, options);
  }
}
export class BusError extends PhoneError {}
/** Network or bus; becomes an event of the chart. */
export class TransportError extends PhoneError {}
/** Our own mistake: the supervisor restarts the line. */
export class LocalProtocolError extends PhoneError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('E_SIP_LOCAL', message, options);
  }
}
/** Where the facts of lines are kept: thrown when it is opened (exit 3); while lines run it is logged and stops none. */
export class StoreError extends PhoneError {}
/** A bucket of the cluster: somebody else has written, or nobody answers. */
export class KeyValueError extends PhoneError {}
/** A cluster that cannot be joined or changed as asked: exit 3 at the start, else a refused command. */
export class ClusterError extends PhoneError {}
/** A command that cannot be carried out. */
export class CommandError extends PhoneError {}

/** What a refused command is for its caller: the error it was where it was carried out. */
export function refusedCommand(code: ErrorCode, message: string, findings: readonly Finding[] = []): PhoneError {
  if (code === 'E_POLICY_CONFLICT') return new PolicyConflictError(message, { findings });
  const isOperators = code.startsWith('E_CONFIG_') || code === 'E_POLICY_UNAVAILABLE';
  return isOperators ? new ConfigError(code, message, { findings }) : new CommandError(code, message);
}
