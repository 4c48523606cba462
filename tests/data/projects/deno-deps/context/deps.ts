export * from "jsr:@oak/oak@17"
