/** The body of a message-summary NOTIFY. The account is left out: it names a person. */
export interface MessageSummary {
  readonly waiting: boolean;
  /** Voice messages; absent where the server does not count them. */
  readonly voice?: MessageCounts;
}

export interface MessageCounts {
  readonly new: number;
  readonly old: number;
  readonly urgentNew?: number;
  readonly urgentOld?: number;
}

export const messageSummaryType = 'application/simple-message-summary';

const waitingLine = /^Messages-Waiting[ \t]*:[ \t]*(yes|no)[ \t]*$/im;
const voiceLine =
  /^Voice-Message[ \t]*:[ \t]*(\d{1,9})[ \t]*\/[ \t]*(\d{1,9})(?:[ \t]*\([ \t]*(\d{1,9})[ \t]*\/[ \t]*(\d{1,9})[ \t]*\))?/im;

/** Reads `Messages-Waiting: yes` and `Voice-Message: 2/8 (0/2)`; undefined without the first. @source RFC 3842 section 5.2 */
export function readMessageSummary(body: Uint8Array): MessageSummary | undefined {
  const text = new TextDecoder().decode(body).replaceAll('\r\n', '\n');
  const waiting = waitingLine.exec(text)?.[1];
  if (waiting === undefined) return undefined;
  const voice = voiceLine.exec(text);
  const counts = voice?.slice(1).map(Number);
  const [fresh = 0, old = 0, urgentNew, urgentOld] = counts ?? [];
  const urgent = voice?.[3] === undefined ? {} : { urgentNew: urgentNew ?? 0, urgentOld: urgentOld ?? 0 };
  return { waiting: waiting.toLowerCase() === 'yes', ...(counts === undefined ? {} : { voice: { new: fresh, old, ...urgent } }) };
}
