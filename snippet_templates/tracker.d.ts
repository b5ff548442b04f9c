/** The browser tracker of Handoff, as `window.tracker`. */
export interface Tracker {
  readonly version: number;
  /** Records an event; resolves to the server's answer, or to null: never sent, or not known whether it has arrived. */
  track(type: string, properties?: Properties, options?: TrackOptions): Promise<Answer | null>;
  /** Says who the visitor is. `signature` is the HMAC of the user id that the site's backend made. */
  identify(userId: string, traits?: Properties, signature?: string): Promise<Answer | null>;
  /** Gives the next person at this computer a profile of their own. */
  reset(): void;
  /** Notes what the visitor agrees to, name by name. */
  consent(names: Record<string, boolean>): Promise<Answer | null> | void;
  /** Forgets the visitor and stays silent in this browser. */
  optOut(): void;
  optIn(): void;
  profileId(): string | null;
  sessionId(): string | null;
  on(name: 'answer', listener: (answer: Answer) => void): void;
  on(name: 'error', listener: (trouble: Trouble) => void): void;
  on(name: 'leave' | 'forget', listener: () => void): void;
  /** Sends what waits now. */
  flush(): Promise<void>;
  /** The URL with the profile, where it leads to another domain of the owner; else the URL as it is. */
  decorate(url: string): string;
  /** Says on the console why nothing is recorded, why links are decorated or not, and what the server answers. */
  debug(on: boolean): void;
}

export type Properties = Record<string, unknown>;

export interface TrackOptions {
  /** At once, without waiting for others. */
  fire?: boolean;
  /** Survives the page. */
  asBeacon?: boolean;
  saveEvent?: boolean;
  saveSession?: boolean;
  saveProfile?: boolean;
  debugger?: boolean;
}

export interface Answer {
  task: string[];
  ux: unknown[];
  response: Properties;
  events: Array<{ id: string; fate: string }>;
  profile: { id: string } | null;
  session: { id: string } | null;
  errors: string[];
  warnings: string[];
  pass?: string;
}

/** Events that were given up: refused by the server (`status` is a number) or pushed out of a full outbox. */
export interface Trouble {
  status: number | 'full';
  events: number;
  answer?: unknown;
}

export type TriggerName =
  | 'onVisible' | 'onAppear' | 'onTextSelect' | 'onMouseOver' | 'onClick' | 'onDblClick' | 'onFocus' | 'onChange'
  | 'onSubmit' | 'onCopy' | 'onPlay' | 'onEnded' | 'onScroll' | 'onTimer' | 'onExitIntent' | 'onOutbound'
  | 'onDownload' | 'onError' | 'onLeave';

export interface Trigger {
  trigger: TriggerName;
  /** The value of `data-tracardi-tag`; or any `selector` instead. */
  tag?: string;
  selector?: string;
  data: { event: string; properties?: Properties };
  /** onVisible: the share of the element, 0 to 1. onScroll: the depth in percent, or several. */
  threshold?: number | number[];
  /** Seconds: how long an element must stay in view (onVisible), or a page be looked at (onTimer). */
  minTime?: number;
  /** Once an element (or once a page, for triggers of the page). */
  once?: boolean;
}

export interface Settings {
  /** Domains whose links carry the profile. */
  trackExternalLinks?: string[];
  linkPosition?: 'query' | 'hash';
  passSession?: boolean;
  spa?: boolean | 'hash';
  /** true: any consent will do; a name: that one. */
  requireConsent?: boolean | string;
  respectDoNotTrack?: boolean;
  respectGPC?: boolean;
  trackBots?: boolean;
  trackOutboundLinks?: boolean;
  trackDownloads?: boolean;
  trackEngagement?: boolean;
  trackErrors?: boolean;
  trackWebVitals?: boolean;
  trackGoogleClientId?: boolean;
  contentType?: string;
}

export interface Options {
  tracker: {
    url: { script?: string; api: string };
    source: { id: string };
    auto?: { events?: Array<[type: string, properties?: Properties]>; triggers?: Trigger[] };
    settings?: Settings;
  };
  listeners?: { onInit?: (given: object) => void; onCookiesDisabled?: (given: object) => void };
}

declare global {
  interface Window {
    tracker: Tracker;
  }
}
