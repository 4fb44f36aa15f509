secateur inspect my-model
