/* One colour, one meaning. Told apart by people who see no red and green: light and dark differ as well. */

export const registrationColours: Readonly<Record<string, string>> = {
  registered: '#3f9b6c',
  refreshing: '#8ecbab',
  unrenewed: '#f2c14e',
  registering: '#eda6a0',
  unregistered: '#d45a4f',
  rejected: '#8f2d24',
  withdrawing: '#c9ccd1',
  off: '#e3e5e8',
};

export const registrationWords: Readonly<Record<string, string>> = {
  registered: 'registered',
  refreshing: 'renewing',
  unrenewed: 'not renewed, still valid',
  registering: 'trying to register',
  unregistered: 'not registered',
  rejected: 'refused for good',
  withdrawing: 'withdrawing',
  off: 'off',
};

export const serverColours: Readonly<Record<string, string>> = {
  up: '#dbeee2',
  silent: '#4a5360',
  refusing: '#7a3b69',
  unreachable: '#7a3b69',
  failing: '#e0902b',
};

const palette = ['#2f69b3', '#8b5bb5', '#17858b', '#a2661c', '#5f6f1e', '#b0407a'];

/** The colour of a server, by its place among all. */
export function serverColour(names: readonly string[], server: string): string {
  const place = names.indexOf(server);
  return place < 0 ? '#b3453b' : (palette[place % palette.length] ?? '#2f69b3');
}

export const waitingColour = '#f6d88a';
export const failedColour = '#c0392b';
/** Of letters on a filled band. */
export const lettersOn = (fill: string): string =>
  ['#f2c14e', '#8ecbab', '#eda6a0', '#dbeee2', '#e3e5e8', '#c9ccd1', '#f6d88a'].includes(fill) ? '#222' : '#fff';
