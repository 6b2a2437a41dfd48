// The live page as a person uses it: `node monitor.mjs day|hipaa`, for the Envoy at COLLECT_URL and
// MONITOR_URL.

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
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

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP monitor.test 127.0.0.1'] })
const wrong = []

async function open(hash = '', options = {}, at = MONITOR_URL) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()))
  page.on('dialog', (dialog) => wrong.push(`a dialog: ${dialog.message()}`))
  page.on('request', (asked) => asked.url().startsWith(at) || wrong.push(`asked ${asked.url()}`))
  // So that a test can put the browser's clock forward.
  await page.addInitScript(() => {
    const now = Date.now
    window.ahead = 0
    Date.now = () => now() + window.ahead
  })
  await page.goto(`${at}/${hash}`)
  return page
}

// The cells of each row that is shown.
const rows = (page) => page.$$eval('#rows tr.record', (found) => found.map((row) => {
  const [time, type, event, id, source, webhook, attempt, outcome, status, ms, next] =
    [...row.cells].map((cell) => cell.textContent)
  return { time, type, event, id, source, webhook, attempt, outcome, status, ms, next }
}))

async function until(what, test) {
  for (const end = Date.now() + 60_000; Date.now() < end; await new Promise((done) => setTimeout(done, 100))) {
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

  // Kept events are tried again when somebody asks.
  assert.equal(await send('Order Completed'), 503)
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'rejected' && row.status === '429')
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'held' && row.next !== '')
  await page.waitForSelector('#kept:not([hidden])')
  if (IMAGES) await images(page)
  await focusStays(page)
  await page.click('#retry-all')
  await shown(page, (row) => row.event === 'Order Completed' && row.outcome === 'delivered' && row.attempt === '2')
  await page.waitForSelector('#kept', { state: 'hidden' })

  // Names that try to be more than text.
  for (const name of ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '\u202egnp.exe', 'x'.repeat(100_000),
    'zero\u200bwidth', 'nul\u0000', 'two\nlines', '\u{1f469}\u200d\u{1f52c}', '\u0645\u0631\u062d\u0628\u0627']) {
    await send(name)
    const start = name.replace(/[\u202e\u200b\u0000\n]/, '\ufffd').slice(0, 80)
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
  await until('the page says so', async () => /^Paused . [12] new/.test(await page.textContent('#state')))
  // Opening a row brings nothing new either.
  await page.click('#rows tr.record td:nth-child(3)')
  await page.waitForSelector('#rows tr.life li')
  await page.click('#rows tr.record td:nth-child(3)')
  assert.ok(!(await rows(page)).some((row) => row.event === 'While paused'))
  await page.click('#pause')
  await shown(page, (row) => row.event === 'While paused')

  // A person who has an event finds it by its own id.
  await send('Found', { $insert_id: 'the-id-of-the-customer' })
  await page.fill('[name=text]', 'the-id-of-the-customer')
  const hashed = createHash('sha256').update('the-id-of-the-customer').digest('hex').slice(0, 16)
  await until('it is found', async () => {
    const all = await rows(page)
    return all.length === 2 && all.every((row) => row.id === hashed && row.event === 'Found')
  })
  await page.click('button[type=reset]')

  // A row opens by keyboard.
  await page.focus('#rows tr.record button')
  await page.keyboard.press('Enter')
  await page.waitForSelector('#rows tr.life li')
  await page.keyboard.press('Enter')

  // Every word is explained where a row is open.
  await page.fill('[name=text]', 'secret plan')
  await page.click('#rows tr.record td:nth-child(3)')
  await page.waitForFunction(() => document.querySelector('#rows tr.life')?.textContent.includes("by the webhook's events"))
  await page.click('button[type=reset]')

  // The tabs by keyboard: the arrows wrap, and the tab key goes on to what the chosen one shows.
  await page.focus('#tab-live')
  for (const [key, view] of [
    ['ArrowRight', 'test'], ['ArrowRight', 'live'], ['ArrowLeft', 'test'], ['ArrowLeft', 'live'],
    ['End', 'test'], ['End', 'test'], ['Home', 'live'], ['Alt+ArrowRight', 'live'],
  ]) {
    await page.keyboard.press(key)
    assert.deepEqual(await page.evaluate(() => [
      document.activeElement.id,
      [...document.querySelectorAll('[role=tab]')].filter((tab) => tab.ariaSelected === 'true').map((tab) => tab.id),
      [...document.querySelectorAll('[role=tabpanel]')].filter((panel) => !panel.hidden).map((panel) => panel.id),
    ]), [`tab-${view}`, [`tab-${view}`], [view]], key)
  }
  await page.keyboard.press('End')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.closest('[role=tabpanel]')?.id), 'test')
  await page.keyboard.press('Shift+Tab')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-test')

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

  await elsewhere(page)

  // A narrow phone.
  await page.click('#tab-live')
  await page.setViewportSize({ width: 320, height: 640 })
  assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), 320)
}

// The element with the focus keeps it, although new records come and figures change every second.
async function focusStays(page) {
  const another = async () => {
    await send('Meanwhile')
    for (let n = 0; n < 3; n += 1) await page.waitForResponse((answer) => answer.url().includes('/status'))
  }
  await page.focus('#webhooks button:not([hidden])')
  await another()
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Retry now')
  await page.focus('#rows tr.record:nth-child(3) button')
  const focused = () => page.evaluate(() => document.activeElement.closest('tr').textContent)
  const before = await focused()
  await another()
  assert.equal(await focused(), before)

  // A row that is clicked opens, although records come between the press and the release.
  const clicked = page.locator('#rows tr.record').nth(4)
  const [id, box] = [await clicked.locator('td').nth(3).textContent(), await clicked.boundingBox()]
  await page.mouse.move(box.x + 300, box.y + box.height / 2)
  await page.mouse.down()
  await another()
  await page.mouse.up()
  const opened = page.locator('#rows tr.record:has([aria-expanded=true])').first()
  assert.equal(await opened.locator('td').nth(3).textContent(), id)
  await opened.locator('td').nth(2).click()
  await page.waitForSelector('#rows tr.life', { state: 'detached' })
}

// The page in another time zone, beside a clock that is wrong, without TLS, and behind a log-in.
async function elsewhere(page) {
  const [record] = (await (await fetch(`${MONITOR_URL}/api/v1/records`)).json()).records.slice(-1)
  const far = await open('', { timezoneId: 'Asia/Kolkata' })
  const local = new Date(record.t + 5.5 * 3_600_000).toISOString().slice(11, 23)
  await shown(far, new Function('row', `return row.time === '${local}'`))
  assert.match(await far.textContent('#state'), /times in Asia\/(Kolkata|Calcutta)$/)
  assert.equal((await rows(far)).length, (await rows(page)).length, 'two pages at once')

  await far.evaluate(() => { window.ahead = 3_600_000 })
  await far.waitForFunction(() => document.querySelector('#state').textContent.includes('3600 s ahead of'))
  await far.waitForFunction(() => document.querySelector('#notice').textContent.includes('did not look from'))
  await far.context().close()

  const plain = await open('', {}, MONITOR_URL.replace('127.0.0.1', 'monitor.test'))
  assert.ok(!(await plain.evaluate(() => isSecureContext)))
  await until('it is live', async () => (await plain.textContent('#state')).startsWith('Live'))
  await plain.click('#tab-live')
  await plain.keyboard.press('ArrowRight')
  await plain.click('button[value=deliver]')
  await plain.waitForSelector('#answered li.delivered')
  await plain.context().close()

  const out = await open()
  await out.route('**/api/v1/**', (route) => route.fulfill({ status: 401, body: 'Log in.' }))
  await until('it says what to do', async () => (await out.textContent('#state')).includes('log in again'))
  await out.context().close()
  // The browser logs each 401 by itself.
  wrong.splice(0, Infinity, ...wrong.filter((line) => !line.includes('401')))
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
