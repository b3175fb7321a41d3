/** The clock of the SDK's own test double, by which its tests go as well. */
export { ManualClock as FakeClock, settle } from '../../src/sdk/testing/manual-clock.ts';
