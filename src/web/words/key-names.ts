/** Apple's keys have signs; what is Ctrl elsewhere is Command there. Deprecated or not, it is what every browser tells. */
const isApple = /^(?:Mac|iP)/.test(navigator.platform);

/** What is written on the keys of this device. */
export const keyNames = isApple
  ? { command: '⌘', alt: '⌥', shift: '⇧' }
  : { command: 'Ctrl', alt: 'Alt', shift: 'Shift' };
