"""The TLS end before a server, as a process of its own: /agent/ goes to the gateway, everything else to the api.

python tls_end.py PORT CERTIFICATE KEY API_PORT GATEWAY_PORT
"""

import asyncio
import ssl
import sys
from contextlib import suppress


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _main(port: int, certificate: str, key: str, api: int, gateway: int) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            there, here = await asyncio.open_connection(
                "127.0.0.1", gateway if head.split()[1].startswith(b"/agent/") else api
            )
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return
        here.write(head)
        await asyncio.gather(_pass_on(reader, here), _pass_on(there, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
