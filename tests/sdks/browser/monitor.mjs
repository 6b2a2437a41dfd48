// The live page as a person uses it: `node monitor.mjs day|hipaa`, for the Envoy at COLLECT_URL and
// MONITOR_URL.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { chromium } from 'playwright-core'

const { COLLECT_URL, MONITOR_URL, CHROMIUM, IMAGES } = process.env
const [scene] = process.argv.slice(2)

// Each request is a connection of its own, so that every worker gets some.
const send = (event, properties = {}) => new Promise((resolve, reject) => {
  const id = properties.$insert_id ?? randomUUID()
  const body = JSON.stringify({ event, properties: { distinct_id: 'd-1', $insert_id: id, ...properties } })
  const sent = request(`${COLLECT_URL}/track`, { method: 'POST', agent: false }, (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode))
  })
  sent.on('error', reject).end(body)
})

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
const wrong = []

async function open(hash = '', options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  page.on('dialog', (dialog) => wrong.push(`a dialog: ${dialog.message()}`))
  page.on('request', (asked) => asked.url().startsWith(MONITOR_URL) || wrong.push(`asked ${asked.url()}`))
  await page.goto(`${MONITOR_URL}/${hash}`)
  return page
}

// The cells of each row that is shown.
const rows = (page) => page.$$eval('#rows tr.record', (found) => found.map((row) => {
  const [time, type, event, id, source, webhook, attempt, outcome, status, ms, next] =
    [...row.cells].map((cell) => cell.textContent)
  return { time, type, event, id, source, webhook, attempt, outcome, status, ms, next }
}))

async function until(what, test) {
  for (const end = Date.now() + 15_000; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) {
    const found = await test()
    if (found) return found
  }
  assert.fail(`waited in vain until ${what}`)
}

const shown = (page, is) => until(is.toString(), async () => {
  const found = (await rows(page)).filter(is)
  return found.length > 0 && found
})

async function day() {
  const page = await open()
  for (let step = 1; step <= 30; step += 1) assert.equal(await send(`Signed Up ${step}`, { plan: 'pro' }), 200)
  const steps = await until('each delivery is shown', async () => {
    const found = (await rows(page)).filter((row) => row.event.startsWith('Signed Up'))
    return found.length >= 60 && found
  })
  assert.equal(steps.length, 60)
  assert.equal(new Set(steps.map((row) => `${row.id} ${row.webhook}`)).size, 60, 'each delivery once')
  assert.ok(steps.every((row) => row.outcome === 'delivered' && row.status === '200' && row.attempt === '1'))

  await send('secret plan')
  await shown(page, (row) => row.event === 'secret plan' && row.webhook === 'cdp' && row.outcome === 'suppressed: filter')

  // What is kept is tried again when somebody asks.
  assert.equal(await send('Order Completed'), 503)
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'rejected' && row.status === '429')
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'held' && row.next !== '')
  await page.waitForSelector('#kept:not([hidden])')
  if (IMAGES) await images(page)
  await page.click('#retry-all')
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'delivered' && row.attempt === '2')
  await page.waitForSelector('#kept', { state: 'hidden' })

  // Names that try to be more than text.
  for (const name of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '\u202egnp.exe', 'x'.repeat(100_000)]) {
    await send(name)
    const start = name.replace('\u202e', '\ufffd').slice(0, 80)
    const [row] = await shown(page, new Function('row', `return row.event === ${JSON.stringify(start)}`))
    assert.equal(row.outcome, 'delivered')
  }
  assert.equal(await page.$$eval('script', (all) => all.length), 1)
  assert.equal(await page.$$eval('img', (all) => all.length), 0)

  // Filters, and a link that keeps them.
  await page.selectOption('[name=webhook]', 'crm')
  await page.fill('[name=text]', 'Signed Up 1')
  await until('the filters hold', async () => {
    const all = await rows(page)
    return all.length === 11 && all.every((row) => row.webhook === 'crm' && row.event.startsWith('Signed Up 1'))
  })
  const { hash } = new URL(page.url())
  const linked = await open(hash)
  await until('the link has the filters', async () => (await rows(linked)).length === 11)
  await linked.context().close()
  await page.click('button[type=reset]')
  await page.selectOption('[name=outcome]', 'suppressed')
  await until('the filter of outcomes holds', async () => {
    const all = await rows(page)
    return all.length > 0 && all.every((row) => row.outcome.startsWith('suppressed'))
  })
  await page.click('button[type=reset]')

  // Pause.
  await page.click('#pause')
  await send('While paused')
  await until('another page has it', async () => {
    const answer = await fetch(`${MONITOR_URL}/api/v1/records`)
    return (await answer.text()).includes('While paused')
  })
  assert.ok(!(await rows(page)).some((row) => row.event === 'While paused'))
  await page.click('#pause')
  await shown(page, (row) => row.event === 'While paused')

  // A row opens by keyboard.
  await page.focus('#rows tr.record button')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#rows tr.life li')
  await page.keyboard.press('Enter')

  // The tester.
  await page.click('#tab-test')
  await page.selectOption('[name=example]', 'Segment')
  await page.click('button[value=preview]')
  await page.waitForSelector('#result h3')
  const preview = await page.textContent('#result')
  assert.ok(preview.includes('crm gets') && preview.includes('"plan": "pro"'), preview)
  assert.ok(!preview.includes('answered'))
  await page.click('button[value=deliver]')
  await page.waitForSelector('#answered li.delivered')
  await page.fill('[name=body]', '{')
  await page.click('button[value=preview]')
  await page.waitForFunction(() => document.querySelector('#result').textContent.includes('The body is not JSON'))

  // A narrow phone.
  await page.click('#tab-live')
  await page.setViewportSize({ width: 320, height: 640 })
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), 320)
}

// docs/images, for the README.
async function images(page) {
  await page.setViewportSize({ width: 1100, height: 520 })
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme })
    await page.screenshot({ path: `${IMAGES}/monitor-${scheme}.png` })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1280, height: 800 })
}

async function hipaa() {
  const page = await open()
  const answers = []
  page.on('response', async (answer) => answers.push(await answer.text().catch(() => '')))
  const canaries = { $insert_id: 'canary-id', distinct_id: 'canary@example.com', diagnosis: 'canary flu', token: 'canary-key' }
  await send('Canary Flu', canaries)
  await send('Visit Booked', { ...canaries, $insert_id: 'canary-two' })
  await send('Visit Ended')
  await shown(page, (row) => row.event === 'Visit Booked' && row.outcome === 'delivered')
  await shown(page, (row) => row.event === '' && row.outcome === 'filtered: unwanted')
  for (const text of [await page.content(), ...answers]) assert.ok(!/canary/i.test(text), text)
  assert.ok(answers.some((text) => text.includes('Visit Booked')))
}

await { day, hipaa }[scene]()
assert.deepEqual(wrong, [])
await browser.close()
