require("./routes/users");
