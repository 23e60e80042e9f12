# The traffic of these captures: a greeting over loopback, then a connection that is refused.
# sudo tcpdump -i lo -w F 'tcp port 28765' & python3 exchange.py 28765
import socket
import sys
import threading

port = int(sys.argv[1])
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen(5)


def serve():
    connection, _ = listener.accept()
    connection.sendall(b"you said " + connection.recv(100))
    connection.recv(10)
    connection.close()
    listener.close()


server = threading.Thread(target=serve, daemon=True)
server.start()
client = socket.create_connection(("127.0.0.1", port), timeout=3)
client.sendall(b"hello\n")
client.recv(100)
client.close()
server.join(3)
try:
    socket.create_connection(("127.0.0.1", port), timeout=3)
except OSError as error:
    print(error)
