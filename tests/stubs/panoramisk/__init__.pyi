from .manager import Manager as Manager
from .message import Message as Message
