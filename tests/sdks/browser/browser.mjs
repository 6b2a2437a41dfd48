// A page of another origin than Envoy's in headless Chromium, with an SDK in it.

import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'
import { collectUrl, make, sleep } from '../node/calls.mjs'

export * from '../node/calls.mjs'

const modules = new URL('../node_modules/', import.meta.url)
const html = (title) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title></html>`

// The site: its home page, another page to go away to, and what is in node_modules.
const site = createServer(async ({ url }, answer) => {
  const [path] = url.split('?')
  try {
    if (!path.startsWith('/modules/')) {
      return answer.setHeader('Content-Type', 'text/html').end(html(path === '/' ? 'Home Page' : 'Elsewhere'))
    }
    const file = await readFile(new URL(path.slice('/modules/'.length), modules))
    answer.setHeader('Content-Type', 'text/javascript;charset=utf-8').end(file)
  } catch {
    answer.writeHead(404).end()
  }
})
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve))
const home = `http://localhost:${site.address().port}/`

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run', '--disable-quic',
    // PostHog's SDK sends nothing for a robot.
    '--disable-blink-features=AutomationControlled'],
})
const context = await browser.newContext({
  userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`,
})

// Opens the home page; `load`, given Envoy's address and `options`, sets the SDK up in it. Pages share storage, as tabs do.
export async function open(script, load, options = {}) {
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(error))
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
  await page.goto(home)
  if (script) await page.addScriptTag({ url: `/modules/${script}` })
  await page.evaluate(load, { collectUrl, ...options })
  return page
}

// Makes a call in the page, and waits until the SDK has read a success for each of `requests` requests to a path in `paths`; what the
// browser does not let a page read, because of CORS say, does not count. Gives what the call gives.
export async function answered(page, paths, start, argument, requests = 1) {
  const isEvent = (request) => request.method() !== 'OPTIONS' && paths.test(new URL(request.url()).pathname)
  const answers = []
  const onFinished = async (request) => {
    if (isEvent(request)) answers.push((await request.response()).status())
  }
  page.on('requestfinished', onFinished)
  const given = await page.evaluate(start, argument)
  for (const end = Date.now() + 90_000; answers.filter((status) => status === 200).length < requests; await sleep(10)) {
    if (Date.now() > end) throw new Error(`answered ${JSON.stringify(answers)}`)
  }
  page.off('requestfinished', onFinished)
  return given
}

// Makes a call and leaves the page at once: what comes of it nobody sees but the webhooks.
export async function leaving(page, start, argument) {
  await page.evaluate(start, argument)
  await page.goto(`${home}elsewhere`)
}

export const run = (calls) => make(calls, () => browser.close())
