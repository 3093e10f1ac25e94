// Heroku's CLI, several commands in one process: most of a command's time is its start.
// usage: node heroku_cli.mjs FOLDER-OF-THE-CLI, commands (lists of words) as JSON on stdin; answers [exit code, stdout, stderr] of each.
import {readFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {pathToFileURL} from 'node:url'

const root = process.argv[2]
const require = createRequire(`${root}/package.json`)
const {run} = await import(pathToFileURL(require.resolve('@oclif/core')))
const write = process.stdout.write.bind(process.stdout)

const said = []
for (const words of JSON.parse(readFileSync(0, 'utf8'))) {
  const out = []
  const err = []
  process.stdout.write = text => (out.push(String(text)), true)
  process.stderr.write = text => (err.push(String(text)), true)
  let code = 0
  try {
    await run(words, {root, loadOptions: {root}})
  } catch (error) {
    // As oclif ends a process: with the error's own code, and its message on stderr.
    code = error.oclif?.exit ?? error.code ?? 1
    err.push(`${error.message}\n`)
  }
  said.push([code, out.join(''), err.join('')])
}
write(JSON.stringify(said), () => process.exit(0))
