// Freshpaint's HTTP API has no client of its own; its documentation shows plain POSTs.

import { randomUUID } from 'node:crypto'
import { collectUrl, group, groupTraits, home, make, order, traits } from './calls.mjs'

async function post(event, properties) {
  const $insert_id = randomUUID()
  const answer = await fetch(`${collectUrl}/track`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      event,
      properties: {
        distinct_id: 'hello@example.com', token: 'ENV-ID', time: Math.floor(Date.now() / 1000), $insert_id, ...properties,
      },
    }),
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return [$insert_id]
}

await make({
  page: () => post('$page', { $device_id: 'device-1', $current_url: home.url }),
  track: () => post('Order Completed', order),
  identify: () => post('$identify', { $device_id: 'device-1', $user_props: traits }),
  group: () => post('$group', { $group_id: group, $group_props: groupTraits }),
})
