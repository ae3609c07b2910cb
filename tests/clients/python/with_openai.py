"""What openai says: `with_openai.py ADDRESS KEY TEXT`."""

import json
import sys

import openai

address, key, text = sys.argv[1:]
client = openai.OpenAI(base_url=f"{address}/v1", api_key=key)
messages = [{"role": "user", "content": text}]
chunks = list(client.chat.completions.create(model="default:fr", messages=messages, stream=True))
said = {
    "translate": client.chat.completions.create(model="default:fr", messages=messages)
    .choices[0]
    .message.content,
    "stream": "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
    "models": [model.id for model in client.models.list()],
}
try:
    client.chat.completions.create(model="default:xx", messages=messages)
except openai.BadRequestError as error:
    said["unknown_language"] = error.body["message"]
try:
    openai.OpenAI(base_url=f"{address}/v1", api_key="wrong").models.list()
except openai.PermissionDeniedError:
    said["wrong_key"] = 403
print(json.dumps(said))
