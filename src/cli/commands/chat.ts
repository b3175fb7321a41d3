import type { Command } from 'commander';
import { chat } from '../chat.ts';

export function addChat(program: Command): void {
  program
    .command('chat')
    .description('talk in the terminal; `papo chat --help` tells its options')
    .argument('[options...]')
    // They are the chat's own to read.
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (options: string[]) => {
      process.exitCode = await chat(options);
    });
}
