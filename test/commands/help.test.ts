import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandHelp, groupHelp, overview } from '../../src/commands/help-text.ts';
import { COMMAND_NAMES, loadAll, loadAllCommands, loadCommand } from '../../src/commands/registry.ts';
import { colours } from '../../src/ui/colour.ts';

const commands = await loadAllCommands();

describe('help', () => {
  it('lists every command in lines that fit a terminal', async () => {
    const text = overview(await loadAll(), colours(false));
    for (const name of COMMAND_NAMES) assert.match(text, new RegExp(`^ {2}${name} `, 'm'));
    for (const line of text.split('\n')) assert(line.length <= 100, line);
  });

  for (const command of commands) {
    it(`explains ${command.name}: usage, every option, details and examples`, () => {
      const text = commandHelp(command, colours(false));
      assert(text.startsWith(`${command.description}\n\nUsage\n  sandbox ${command.name} [OPTIONS]`));
      for (const option of Object.values(command.options)) {
        for (const name of option.names) assert.match(text, new RegExp(`^ {2}(.* )?${name}\\b`, 'm'));
      }
      assert(command.examples.length > 0);
      for (const [, line] of command.examples) assert(text.includes(line));
      for (const line of text.split('\n')) assert(line.length <= 100, line);
      assert.doesNotMatch(text, /undefined|\[object/);
    });

    it(`has no option of ${command.name} twice`, () => {
      const names = Object.values(command.options).flatMap((option) => option.names);
      assert.equal(new Set(names).size, names.length);
      assert(!names.includes('-h') && !names.includes('--help'));
    });
  }

  it('lists the commands of a group, and what it is for', async () => {
    for (const group of (await loadAll()).filter((each) => each.kind === 'group')) {
      const members = commands.filter(({ name }) => name.startsWith(`${group.name} `));
      assert.deepEqual(
        members.map(({ name }) => name),
        group.words.map((word) => `${group.name} ${word}`),
      );
      const text = groupHelp(group, members, colours(false));
      assert(text.startsWith(`${group.description}\n\nUsage\n  sandbox ${group.name} COMMAND`));
      for (const { name, description } of members) assert(text.includes(`  ${name} `) && text.includes(description));
      for (const line of text.split('\n')) assert(line.length <= 100, line);
      assert.equal(await group.load('constructor'), undefined);
    }
  });

  it('knows every command by the name it is registered under, and no other', async () => {
    for (const name of COMMAND_NAMES) assert.equal((await loadCommand(name))?.name, name);
    for (const name of ['nothing', 'constructor', '__proto__']) assert.equal(await loadCommand(name), undefined);
  });
});
